/**
 * A xenstore server: a tree of nodes, transactions that commit only if nothing they read or wrote changed meanwhile,
 * and watches that fire once when set and after every change at or below their path. It is the model in tests and a
 * store for anybody who runs backends without a toolstack. Permissions are kept but not enforced: it has one user.
 */
import type { ByteLink } from './byte-ring.js';
import {
  encodeStoreMessage,
  isStorePath,
  STORE_PAYLOAD_MAX,
  StoreAssembler,
  StoreMessage,
  splitWords,
} from './store-protocol.js';

class StoreNode {
  value: string;
  permissions = 'n0';
  /** Grows with every change of value or children. */
  generation: number;
  readonly children: Map<string, StoreNode> = new Map<string, StoreNode>();

  constructor(value: string, generation: number) {
    this.value = value;
    this.generation = generation;
  }
}

class StoreWatch {
  readonly connection: StoreConnection;
  readonly path: string;
  /** As the client named it: relative paths come back relative. */
  readonly shownPrefix: string;
  readonly token: string;

  constructor(connection: StoreConnection, path: string, shownPrefix: string, token: string) {
    this.connection = connection;
    this.path = path;
    this.shownPrefix = shownPrefix;
    this.token = token;
  }
}

/** A transaction works on a copy of the tree and remembers what it touched. */
class StoreTransaction {
  readonly id: number;
  readonly root: StoreNode;
  readonly touched: Map<string, number> = new Map<string, number>();
  readonly changed: string[] = [];

  constructor(id: number, root: StoreNode) {
    this.id = id;
    this.root = root;
  }
}

const TRANSACTIONS_MAX = 16;
const WATCHES_MAX = 1024;
const NO_NODE = -1;

export class StoreServer {
  #root: StoreNode = new StoreNode('', 0);
  #generation = 0;
  readonly #watches: StoreWatch[] = [];

  connect(link: ByteLink, domain: number, notify: () => void): StoreConnection {
    return new StoreConnection(this, link, domain, notify);
  }

  /** For the host side: write without a connection. */
  set(path: string, value: string): void {
    if (isStorePath(path) && path !== '/') this.write(undefined, path, value);
  }

  get(path: string): string | undefined {
    return this.find(this.#root, path)?.value;
  }

  erase(path: string): void {
    this.remove(undefined, path);
  }

  list(path: string): string[] {
    const node = this.find(this.#root, path);
    return node === undefined ? [] : [...node.children.keys()].sort();
  }

  /** @internal */
  view(transaction: StoreTransaction | undefined): StoreNode {
    return transaction === undefined ? this.#root : transaction.root;
  }

  /** @internal */
  find(root: StoreNode, path: string): StoreNode | undefined {
    let node: StoreNode | undefined = root;
    for (const name of partsOf(path)) {
      node = node.children.get(name);
      if (node === undefined) return undefined;
    }
    return node;
  }

  /** Remember the state of a node that a transaction looked at. @internal */
  touch(transaction: StoreTransaction | undefined, path: string): void {
    if (transaction === undefined || transaction.touched.has(path)) return;
    const node = this.find(this.#root, path);
    transaction.touched.set(path, node === undefined ? NO_NODE : node.generation);
  }

  /** Creates missing parents, empty. @internal */
  write(transaction: StoreTransaction | undefined, path: string, value: string): void {
    const node = this.#create(transaction, path);
    node.value = value;
    this.#generation += 1;
    node.generation = this.#generation;
    this.changed(transaction, path);
  }

  /** @internal */
  makeDirectory(transaction: StoreTransaction | undefined, path: string): void {
    this.touch(transaction, path);
    if (this.find(this.view(transaction), path) !== undefined) return;
    this.#create(transaction, path);
    this.changed(transaction, path);
  }

  /** The error's name, or ''. Removing what is not there is fine if its parent is. @internal */
  remove(transaction: StoreTransaction | undefined, path: string): string {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) return 'EINVAL';
    const parentPath = `/${parts.join('/')}`;
    this.touch(transaction, path);
    this.touch(transaction, parentPath);
    const parent = this.find(this.view(transaction), parentPath);
    if (parent === undefined) return 'ENOENT';
    if (!parent.children.delete(name)) return '';
    this.#generation += 1;
    parent.generation = this.#generation;
    this.changed(transaction, path);
    return '';
  }

  /** @internal */
  copyTree(): StoreNode {
    return copyNode(this.#root);
  }

  /** False: something that the transaction looked at changed. @internal */
  commit(transaction: StoreTransaction): boolean {
    for (const [path, generation] of transaction.touched) {
      const node = this.find(this.#root, path);
      if ((node === undefined ? NO_NODE : node.generation) !== generation) return false;
    }
    for (const path of transaction.changed) {
      const node = this.find(transaction.root, path);
      if (node === undefined) this.#removeQuietly(path);
      else this.#install(path, node.value);
    }
    for (const path of transaction.changed) this.changed(undefined, path);
    return true;
  }

  /** @internal */
  changed(transaction: StoreTransaction | undefined, path: string): void {
    if (transaction !== undefined) {
      transaction.changed.push(path);
      return;
    }
    for (const watch of [...this.#watches]) {
      // Removal of a parent is a change of everything below it.
      const isBelow =
        path === watch.path || watch.path === '/' || path.startsWith(`${watch.path}/`);
      const isAbove = watch.path.startsWith(`${path}/`);
      if (isBelow) watch.connection.fire(watch, path);
      else if (isAbove && this.find(this.#root, path) === undefined) {
        watch.connection.fire(watch, watch.path);
      }
    }
  }

  /** The error's name, or ''. @internal */
  addWatch(connection: StoreConnection, path: string, prefix: string, token: string): string {
    if (this.#watches.length >= WATCHES_MAX) return 'E2BIG';
    for (const watch of this.#watches) {
      if (watch.connection === connection && watch.path === path && watch.token === token) {
        return 'EEXIST';
      }
    }
    const added = new StoreWatch(connection, path, prefix, token);
    this.#watches.push(added);
    connection.fire(added, path);
    return '';
  }

  /** @internal */
  dropWatch(connection: StoreConnection, path: string, token: string): boolean {
    for (let i = 0; i < this.#watches.length; i += 1) {
      const watch = this.#watches[i];
      if (watch.connection !== connection || watch.path !== path || watch.token !== token) continue;
      this.#watches.splice(i, 1);
      return true;
    }
    return false;
  }

  #create(transaction: StoreTransaction | undefined, path: string): StoreNode {
    let node = this.view(transaction);
    let at = '';
    for (const name of partsOf(path)) {
      const parentPath = at === '' ? '/' : at;
      at = `${at}/${name}`;
      let child = node.children.get(name);
      if (child === undefined) {
        this.touch(transaction, parentPath);
        this.touch(transaction, at);
        this.#generation += 1;
        child = new StoreNode('', this.#generation);
        node.children.set(name, child);
        node.generation = this.#generation;
      }
      node = child;
    }
    this.touch(transaction, path);
    return node;
  }

  #install(path: string, value: string): void {
    const node = this.#create(undefined, path);
    this.#generation += 1;
    node.value = value;
    node.generation = this.#generation;
  }

  #removeQuietly(path: string): void {
    const parts = partsOf(path);
    const name = parts.pop();
    const parent = this.find(this.#root, `/${parts.join('/')}`);
    if (name === undefined || parent === undefined || !parent.children.delete(name)) return;
    this.#generation += 1;
    parent.generation = this.#generation;
  }
}

export class StoreConnection {
  readonly domain: number;
  isBroken = false;
  readonly #server: StoreServer;
  readonly #link: ByteLink;
  readonly #notify: () => void;
  readonly #assembler: StoreAssembler = new StoreAssembler();
  readonly #outbox: Uint8Array[] = [];
  #sentBytes = 0;
  readonly #transactions: Map<number, StoreTransaction> = new Map<number, StoreTransaction>();
  #nextTransaction = 1;

  constructor(server: StoreServer, link: ByteLink, domain: number, notify: () => void) {
    this.#server = server;
    this.#link = link;
    this.domain = domain;
    this.#notify = notify;
  }

  /** Answer what has come; call it when the client notified. */
  poll(): void {
    let moved = 0;
    const assembler = this.#assembler;
    moved += this.#flush();
    while (!this.isBroken && this.#outbox.length < 64) {
      const target = assembler.wantsHeader() ? assembler.header : assembler.payload;
      const filled = assembler.filledBytes();
      const count = this.#link.incoming.read(target, filled, assembler.wanted());
      if (this.#link.incoming.isBroken) this.isBroken = true;
      if (count === 0) break;
      moved += count;
      const isComplete = assembler.accept(count);
      if (assembler.isBroken) {
        this.isBroken = true;
        break;
      }
      if (isComplete) {
        this.#serve();
        assembler.next();
        moved += this.#flush();
      }
    }
    if (moved > 0) this.#notify();
  }

  /** @internal */
  fire(watch: StoreWatch, path: string): void {
    let shown = path;
    if (watch.shownPrefix !== '' && path.startsWith(watch.shownPrefix)) {
      shown = path.slice(watch.shownPrefix.length);
    }
    this.#outbox.push(
      encodeStoreMessage(StoreMessage.WatchEvent, 0, 0, `${shown}\0${watch.token}\0`),
    );
    if (this.#flush() > 0) this.#notify();
  }

  #flush(): number {
    let moved = 0;
    while (this.#outbox.length > 0) {
      const message = this.#outbox[0];
      const rest = message.length - this.#sentBytes;
      const count = this.#link.outgoing.write(message, this.#sentBytes, rest);
      moved += count;
      this.#sentBytes += count;
      if (count < rest) break;
      this.#outbox.shift();
      this.#sentBytes = 0;
    }
    return moved;
  }

  #reply(payload: string): void {
    const assembler = this.#assembler;
    if (payload.length > STORE_PAYLOAD_MAX) {
      this.#fail('E2BIG');
      return;
    }
    const message = encodeStoreMessage(
      assembler.type,
      assembler.requestId,
      assembler.transactionId,
      payload,
    );
    this.#outbox.push(message);
  }

  #fail(name: string): void {
    const { requestId, transactionId } = this.#assembler;
    this.#outbox.push(
      encodeStoreMessage(StoreMessage.Error, requestId, transactionId, `${name}\0`),
    );
  }

  #serve(): void {
    const assembler = this.#assembler;
    const text = assembler.text();
    const words = splitWords(text);
    const id = assembler.transactionId;
    const transaction = this.#transactions.get(id);
    if (id !== 0 && transaction === undefined) {
      this.#fail('ENOENT');
      return;
    }
    if (assembler.type === StoreMessage.TransactionStart) {
      this.#begin();
      return;
    }
    if (assembler.type === StoreMessage.TransactionEnd) {
      this.#end(transaction, words[0] ?? '');
      return;
    }
    const name = words[0] ?? '';
    if (!isStorePath(name)) {
      this.#fail('EINVAL');
      return;
    }
    const prefix = name.startsWith('/') ? '' : `/local/domain/${this.domain}/`;
    this.#servePath(transaction, prefix + name, prefix, words, text.slice(name.length + 1));
  }

  #servePath(
    transaction: StoreTransaction | undefined,
    path: string,
    prefix: string,
    words: readonly string[],
    rest: string,
  ): void {
    const server = this.#server;
    const type = this.#assembler.type;
    if (type === StoreMessage.Write) {
      if (path === '/') this.#fail('EINVAL');
      else {
        server.write(transaction, path, rest);
        this.#reply('OK\0');
      }
    } else if (type === StoreMessage.MakeDirectory) {
      server.makeDirectory(transaction, path);
      this.#reply('OK\0');
    } else if (type === StoreMessage.Remove) {
      const error = server.remove(transaction, path);
      if (error !== '') this.#fail(error);
      else this.#reply('OK\0');
    } else if (type === StoreMessage.Watch) {
      const error = server.addWatch(this, path, prefix, words[1] ?? '');
      if (error !== '') this.#fail(error);
      else this.#reply('OK\0');
    } else if (type === StoreMessage.Unwatch) {
      if (server.dropWatch(this, path, words[1] ?? '')) this.#reply('OK\0');
      else this.#fail('ENOENT');
    } else this.#serveNode(transaction, path, rest);
  }

  #serveNode(transaction: StoreTransaction | undefined, path: string, rest: string): void {
    const type = this.#assembler.type;
    const server = this.#server;
    server.touch(transaction, path);
    const node = server.find(server.view(transaction), path);
    if (node === undefined) this.#fail('ENOENT');
    else if (type === StoreMessage.Read) this.#reply(node.value);
    else if (type === StoreMessage.Directory) {
      let list = '';
      for (const name of node.children.keys()) list += `${name}\0`;
      this.#reply(list);
    } else if (type === StoreMessage.GetPermissions) this.#reply(`${node.permissions}\0`);
    else if (type === StoreMessage.SetPermissions) {
      node.permissions = splitWords(rest).join('\0');
      this.#reply('OK\0');
    } else this.#fail('ENOSYS');
  }

  #begin(): void {
    if (this.#transactions.size >= TRANSACTIONS_MAX) {
      this.#fail('ENOSPC');
      return;
    }
    const id = this.#nextTransaction;
    this.#nextTransaction += 1;
    this.#transactions.set(id, new StoreTransaction(id, this.#server.copyTree()));
    this.#reply(`${id}\0`);
  }

  #end(transaction: StoreTransaction | undefined, word: string): void {
    if (transaction === undefined || (word !== 'T' && word !== 'F')) {
      this.#fail('EINVAL');
      return;
    }
    this.#transactions.delete(transaction.id);
    if (word === 'F' || this.#server.commit(transaction)) this.#reply('OK\0');
    else this.#fail('EAGAIN');
  }
}

function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part !== '') parts.push(part);
  }
  return parts;
}

function copyNode(node: StoreNode): StoreNode {
  const copy = new StoreNode(node.value, node.generation);
  copy.permissions = node.permissions;
  for (const [name, child] of node.children) copy.children.set(name, copyNode(child));
  return copy;
}
