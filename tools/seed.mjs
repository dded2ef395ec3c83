// One seed for every property of a run, so that a failure in CI is the same failure everywhere. TESSERA_SEED=N picks another,
// TESSERA_SEED=random lets every property draw its own (fast-check prints it when one fails); long runs do that.
import * as fc from 'fast-check';

const wanted = process.env.TESSERA_SEED ?? '20261124';
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
