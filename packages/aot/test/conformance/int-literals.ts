console.log(0x7f, 0o17, 0b1011, 1_000_000, 0xffff_ffff, 1e3, 5.0);

export {};
