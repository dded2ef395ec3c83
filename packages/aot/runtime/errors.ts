/** JavaScript's error classes, as far as the runtime throws them and programs extend them. */
export class ErrorImpl {
  name: string;
  message: string;
  constructor(message: string = '') {
    this.name = 'Error';
    this.message = message;
  }

  toString(): string {
    if (this.message === '') return this.name;
    if (this.name === '') return this.message;
    return `${this.name}: ${this.message}`;
  }
}

export class TypeErrorImpl extends ErrorImpl {
  constructor(message: string = '') {
    super(message);
    this.name = 'TypeError';
  }
}

export class RangeErrorImpl extends ErrorImpl {
  constructor(message: string = '') {
    super(message);
    this.name = 'RangeError';
  }
}

export class SyntaxErrorImpl extends ErrorImpl {
  constructor(message: string = '') {
    super(message);
    this.name = 'SyntaxError';
  }
}
