// DeltaBlue: an incremental, one-way constraint solver (Freeman-Benson and Maloney, "The DeltaBlue Algorithm", 1989).

const REQUIRED = 0;
const PREFERRED = 2;
const STRONG_DEFAULT = 3;
const NORMAL = 4;
const WEAKEST = 6;

// Smaller numbers are stronger.
function weakest(a: number, b: number): number {
  return a > b ? a : b;
}

class Variable {
  readonly constraints: Constraint[] = [];
  determinedBy: Constraint | undefined = undefined;
  mark = 0;
  walkStrength: number = WEAKEST;
  stay = true;

  constructor(
    readonly name: string,
    public value: number,
  ) {}

  remove(constraint: Constraint): void {
    const at = this.constraints.indexOf(constraint);
    if (at >= 0) this.constraints.splice(at, 1);
    if (this.determinedBy === constraint) this.determinedBy = undefined;
  }
}

abstract class Constraint {
  constructor(readonly strength: number) {}

  abstract isSatisfied(): boolean;
  abstract addToGraph(): void;
  abstract removeFromGraph(): void;
  abstract chooseMethod(mark: number): void;
  abstract markInputs(mark: number): void;
  abstract inputsKnown(mark: number): boolean;
  abstract output(): Variable;
  abstract markUnsatisfied(): void;
  abstract recalculate(): void;
  abstract execute(): void;

  isInput(): boolean {
    return false;
  }

  add(planner: Planner): void {
    this.addToGraph();
    planner.incrementalAdd(this);
  }

  destroy(planner: Planner): void {
    if (this.isSatisfied()) planner.incrementalRemove(this);
    else this.removeFromGraph();
  }

  satisfy(mark: number, planner: Planner): Constraint | undefined {
    this.chooseMethod(mark);
    if (!this.isSatisfied()) {
      if (this.strength === REQUIRED) throw new Error('a required constraint cannot be satisfied');
      return undefined;
    }
    this.markInputs(mark);
    const out = this.output();
    const overridden = out.determinedBy;
    if (overridden !== undefined) overridden.markUnsatisfied();
    out.determinedBy = this;
    if (!planner.addPropagate(this, mark)) throw new Error('a cycle of constraints');
    out.mark = mark;
    return overridden;
  }
}

abstract class UnaryConstraint extends Constraint {
  private satisfied = false;

  constructor(
    protected readonly variable: Variable,
    strength: number,
  ) {
    super(strength);
  }

  isSatisfied(): boolean {
    return this.satisfied;
  }

  addToGraph(): void {
    this.variable.constraints.push(this);
    this.satisfied = false;
  }

  removeFromGraph(): void {
    this.variable.remove(this);
    this.satisfied = false;
  }

  chooseMethod(mark: number): void {
    this.satisfied = this.variable.mark !== mark && this.strength < this.variable.walkStrength;
  }

  markInputs(_mark: number): void {}

  inputsKnown(_mark: number): boolean {
    return true;
  }

  output(): Variable {
    return this.variable;
  }

  markUnsatisfied(): void {
    this.satisfied = false;
  }

  recalculate(): void {
    this.variable.walkStrength = this.strength;
    this.variable.stay = !this.isInput();
    if (this.variable.stay) this.execute();
  }
}

class StayConstraint extends UnaryConstraint {
  execute(): void {}
}

class EditConstraint extends UnaryConstraint {
  override isInput(): boolean {
    return true;
  }

  execute(): void {}
}

const NONE = 0;
const FORWARD = 1;
const BACKWARD = 2;

abstract class BinaryConstraint extends Constraint {
  protected direction = NONE;

  constructor(
    protected readonly first: Variable,
    protected readonly second: Variable,
    strength: number,
  ) {
    super(strength);
  }

  isSatisfied(): boolean {
    return this.direction !== NONE;
  }

  addToGraph(): void {
    this.first.constraints.push(this);
    this.second.constraints.push(this);
    this.direction = NONE;
  }

  removeFromGraph(): void {
    this.first.remove(this);
    this.second.remove(this);
    this.direction = NONE;
  }

  chooseMethod(mark: number): void {
    const first = this.first;
    const second = this.second;
    if (first.mark === mark) {
      this.direction = second.mark !== mark && this.strength < second.walkStrength ? FORWARD : NONE;
    } else if (second.mark === mark) {
      this.direction = this.strength < first.walkStrength ? BACKWARD : NONE;
    } else if (first.walkStrength > second.walkStrength) {
      this.direction = this.strength < first.walkStrength ? BACKWARD : NONE;
    } else {
      this.direction = this.strength < second.walkStrength ? FORWARD : NONE;
    }
  }

  input(): Variable {
    return this.direction === FORWARD ? this.first : this.second;
  }

  output(): Variable {
    return this.direction === FORWARD ? this.second : this.first;
  }

  markInputs(mark: number): void {
    this.input().mark = mark;
  }

  inputsKnown(mark: number): boolean {
    const input = this.input();
    return input.mark === mark || input.stay || input.determinedBy === undefined;
  }

  markUnsatisfied(): void {
    this.direction = NONE;
  }

  recalculate(): void {
    const input = this.input();
    const out = this.output();
    out.walkStrength = weakest(this.strength, input.walkStrength);
    out.stay = input.stay;
    if (out.stay) this.execute();
  }
}

class EqualityConstraint extends BinaryConstraint {
  execute(): void {
    this.output().value = this.input().value;
  }
}

class ScaleConstraint extends BinaryConstraint {
  constructor(
    source: Variable,
    private readonly scale: Variable,
    private readonly offset: Variable,
    destination: Variable,
    strength: number,
  ) {
    super(source, destination, strength);
  }

  override addToGraph(): void {
    super.addToGraph();
    this.scale.constraints.push(this);
    this.offset.constraints.push(this);
  }

  override removeFromGraph(): void {
    super.removeFromGraph();
    this.scale.remove(this);
    this.offset.remove(this);
  }

  override markInputs(mark: number): void {
    super.markInputs(mark);
    this.scale.mark = mark;
    this.offset.mark = mark;
  }

  execute(): void {
    if (this.direction === FORWARD)
      this.second.value = this.first.value * this.scale.value + this.offset.value;
    else this.first.value = Math.trunc((this.second.value - this.offset.value) / this.scale.value);
  }

  override recalculate(): void {
    const input = this.input();
    const out = this.output();
    out.walkStrength = weakest(this.strength, input.walkStrength);
    out.stay = input.stay && this.scale.stay && this.offset.stay;
    if (out.stay) this.execute();
  }
}

class Planner {
  private currentMark = 1;

  private newMark(): number {
    this.currentMark += 1;
    return this.currentMark;
  }

  incrementalAdd(constraint: Constraint): void {
    const mark = this.newMark();
    let overridden = constraint.satisfy(mark, this);
    while (overridden !== undefined) overridden = overridden.satisfy(mark, this);
  }

  incrementalRemove(constraint: Constraint): void {
    const out = constraint.output();
    constraint.markUnsatisfied();
    constraint.removeFromGraph();
    const unsatisfied = this.removePropagate(out);
    unsatisfied.sort((a, b) => a.strength - b.strength);
    for (const candidate of unsatisfied) this.incrementalAdd(candidate);
  }

  extractPlan(edits: readonly Constraint[]): Constraint[] {
    const mark = this.newMark();
    const todo: Constraint[] = [];
    for (const edit of edits) if (edit.isInput() && edit.isSatisfied()) todo.push(edit);
    const plan: Constraint[] = [];
    while (todo.length > 0) {
      const constraint = todo.pop()!;
      const out = constraint.output();
      if (out.mark !== mark && constraint.inputsKnown(mark)) {
        plan.push(constraint);
        out.mark = mark;
        this.addConsumers(out, todo);
      }
    }
    return plan;
  }

  addPropagate(constraint: Constraint, mark: number): boolean {
    const todo: Constraint[] = [constraint];
    while (todo.length > 0) {
      const next = todo.pop()!;
      if (next.output().mark === mark) {
        this.incrementalRemove(constraint);
        return false;
      }
      next.recalculate();
      this.addConsumers(next.output(), todo);
    }
    return true;
  }

  private removePropagate(out: Variable): Constraint[] {
    const unsatisfied: Constraint[] = [];
    out.determinedBy = undefined;
    out.walkStrength = WEAKEST;
    out.stay = true;
    const todo: Variable[] = [out];
    while (todo.length > 0) {
      const variable = todo.pop()!;
      for (const constraint of variable.constraints)
        if (!constraint.isSatisfied()) unsatisfied.push(constraint);
      for (const constraint of variable.constraints) {
        if (constraint !== variable.determinedBy && constraint.isSatisfied()) {
          constraint.recalculate();
          todo.push(constraint.output());
        }
      }
    }
    return unsatisfied;
  }

  private addConsumers(variable: Variable, into: Constraint[]): void {
    for (const constraint of variable.constraints) {
      if (constraint !== variable.determinedBy && constraint.isSatisfied()) into.push(constraint);
    }
  }

  change(variable: Variable, value: number): void {
    const edit = new EditConstraint(variable, PREFERRED);
    edit.add(this);
    const plan = this.extractPlan([edit]);
    for (let i = 0; i < 10; i++) {
      variable.value = value;
      for (const constraint of plan) constraint.execute();
    }
    edit.destroy(this);
  }
}

function chain(length: number): void {
  const planner = new Planner();
  const variables: Variable[] = [];
  for (let i = 0; i <= length; i++) variables.push(new Variable(`v${i}`, 0));
  for (let i = 0; i < length; i++)
    new EqualityConstraint(variables[i], variables[i + 1], REQUIRED).add(planner);
  new StayConstraint(variables[length], STRONG_DEFAULT).add(planner);
  const edit = new EditConstraint(variables[0], PREFERRED);
  edit.add(planner);
  const plan = planner.extractPlan([edit]);
  for (let i = 0; i < 100; i++) {
    variables[0].value = i;
    for (const constraint of plan) constraint.execute();
    if (variables[length].value !== i) throw new Error('chain failed');
  }
  edit.destroy(planner);
}

function projection(length: number): number {
  const planner = new Planner();
  const scale = new Variable('scale', 10);
  const offset = new Variable('offset', 1000);
  const destinations: Variable[] = [];
  let source = scale;
  let destination = scale;
  for (let i = 0; i < length; i++) {
    source = new Variable('source', i);
    destination = new Variable('destination', i);
    destinations.push(destination);
    new StayConstraint(source, NORMAL).add(planner);
    new ScaleConstraint(source, scale, offset, destination, REQUIRED).add(planner);
  }
  planner.change(source, 17);
  if (destination.value !== 1170) throw new Error('projection 1 failed');
  planner.change(destination, 1050);
  if (source.value !== 5) throw new Error('projection 2 failed');
  planner.change(scale, 5);
  for (let i = 0; i < length - 1; i++)
    if (destinations[i].value !== i * 5 + 1000) throw new Error('projection 3 failed');
  planner.change(offset, 2000);
  let sum = 0;
  for (let i = 0; i < length - 1; i++) {
    if (destinations[i].value !== i * 5 + 2000) throw new Error('projection 4 failed');
    sum += destinations[i].value;
  }
  return sum;
}

/** A chain of 200 equalities and a projection of 200 points. */
export function run(iterations: number): string {
  let sum = 0;
  for (let n = 0; n < iterations; n++) {
    chain(200);
    sum = projection(200);
  }
  return String(sum);
}
