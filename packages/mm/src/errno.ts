/** The few error numbers that this package answers with, negated; Linux's values, so that the edge passes them on. */
export const EPERM = 1;
export const ENOMEM = 12;
export const EACCES = 13;
export const EFAULT = 14;
export const EEXIST = 17;
export const EINVAL = 22;
