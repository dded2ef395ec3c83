// What the stack speaks, as data: the README's matrix is made from it, and users can ask for it.

export interface Support {
  readonly area: 'link' | 'ipv4' | 'ipv6' | 'transport' | 'tcp' | 'application';
  readonly feature: string;
  readonly status: 'yes' | 'partly' | 'no';
  readonly standard: string;
  readonly note: string;
}

function entry(
  area: Support['area'],
  feature: string,
  status: Support['status'],
  standard: string,
  note = '',
): Support {
  return { area, feature, status, standard, note };
}

export const SUPPORT: readonly Support[] = [
  entry('link', 'Ethernet II, raw IP links, loopback', 'yes', ''),
  entry(
    'link',
    'checksum offload, TSO out, large segments in',
    'yes',
    '',
    'as the device declares',
  ),
  entry('ipv4', 'ARP with RFC 4861 neighbour states', 'yes', 'RFC 826'),
  entry('ipv4', 'fragmentation and reassembly', 'yes', 'RFC 791, 815'),
  entry('ipv4', 'options', 'partly', 'RFC 791', 'skipped, never sent'),
  entry('ipv4', 'ICMP errors and echo, rate limits', 'yes', 'RFC 792, 1122'),
  entry('ipv4', 'IGMP', 'partly', 'RFC 2236', 'version 2'),
  entry('ipv6', 'NDP, router discovery, duplicate detection', 'yes', 'RFC 4861'),
  entry('ipv6', 'SLAAC with lifetimes, RDNSS', 'yes', 'RFC 4862, 8106', 'EUI-64 identifiers'),
  entry('ipv6', 'extension headers, fragments', 'yes', 'RFC 8200'),
  entry('ipv6', 'MLD', 'partly', 'RFC 2710', 'version 1'),
  entry('ipv6', 'redirects, DHCPv6', 'no', ''),
  entry('transport', 'UDP, raw sockets', 'yes', 'RFC 768'),
  entry('transport', 'path MTU discovery', 'yes', 'RFC 1191, 8201', 'by ICMP'),
  entry('transport', 'forwarding, NAT', 'no', ''),
  entry('tcp', 'state machine, simultaneous open, half-close', 'yes', 'RFC 9293'),
  entry('tcp', 'window scaling, timestamps, PAWS', 'yes', 'RFC 7323'),
  entry('tcp', 'SACK, duplicate SACK', 'yes', 'RFC 2018, 2883, 6675'),
  entry('tcp', 'RACK-TLP', 'yes', 'RFC 8985'),
  entry('tcp', 'CUBIC, NewReno, PRR, Eifel undo', 'yes', 'RFC 9438, 6582, 6937, 3522'),
  entry('tcp', 'ECN', 'yes', 'RFC 3168', 'off unless asked for'),
  entry('tcp', 'SYN cookies, ISN, challenge ACKs', 'yes', 'RFC 4987, 6528, 5961'),
  entry('tcp', 'delayed ACK, Nagle, cork, keepalive, zero-window probes', 'yes', 'RFC 9293'),
  entry('tcp', 'user timeout', 'partly', 'RFC 5482', 'local only, no option'),
  entry('tcp', 'urgent data', 'partly', 'RFC 6093', 'pointer received, data stays in line'),
  entry(
    'tcp',
    'Fast Open',
    'partly',
    'RFC 7413',
    'a server answers with data only after the handshake',
  ),
  entry('application', 'DHCPv4 client', 'yes', 'RFC 2131'),
  entry('application', 'DNS stub resolver with cache', 'partly', 'RFC 1035', 'UDP only'),
];
