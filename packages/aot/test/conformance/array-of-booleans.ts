const flags = [true, false, true];
flags.push(!flags[0]);
console.log(flags.join(), flags.filter((f) => f).length, flags.indexOf(false));

export {};
