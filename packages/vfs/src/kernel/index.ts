/** The kernel binds the parts of `.` itself: `linux` mounts them. Nothing here needs glue. */
export { RamFileSystem } from '../ramfs.js';
