/** DMU object types by number, and which of them encryption covers. */
export const OT_NONE = 0;
export const OT_OBJECT_DIRECTORY = 1;
export const OT_OBJECT_ARRAY = 2;
export const OT_PACKED_NVLIST = 3;
export const OT_PACKED_NVLIST_SIZE = 4;
export const OT_BPOBJ = 5;
export const OT_BPOBJ_HDR = 6;
export const OT_SPACE_MAP_HEADER = 7;
export const OT_SPACE_MAP = 8;
export const OT_INTENT_LOG = 9;
export const OT_DNODE = 10;
export const OT_OBJSET = 11;
export const OT_DSL_DIR = 12;
export const OT_DSL_DIR_CHILD_MAP = 13;
export const OT_DSL_DS_SNAP_MAP = 14;
export const OT_DSL_PROPS = 15;
export const OT_DSL_DATASET = 16;
export const OT_ZNODE = 17;
export const OT_PLAIN_FILE_CONTENTS = 19;
export const OT_DIRECTORY_CONTENTS = 20;
export const OT_MASTER_NODE = 21;
export const OT_UNLINKED_SET = 22;
export const OT_ZVOL = 23;
export const OT_ZVOL_PROP = 24;
export const OT_SA = 44;
export const OT_SA_MASTER_NODE = 45;
export const OT_SA_ATTR_REGISTRATION = 46;
export const OT_SA_ATTR_LAYOUTS = 47;
export const OT_SCAN_XLATE = 48;
export const OT_DEADLIST = 50;
export const OT_DEADLIST_HDR = 51;
export const OT_DSL_CLONES = 52;
export const OT_BPOBJ_SUBOBJ = 53;

const NEW_TYPE = 0x80;
const ENCRYPTED_BIT = 0x20;

/** Old types that hold user data: their level-0 blocks are encrypted in an encrypted dataset. */
const ENCRYPTED_TYPES: readonly number[] = [
  9, 10, 18, 19, 20, 22, 23, 25, 26, 33, 34, 35, 39, 40, 44, 45, 46, 47, 49,
];

export function typeIsEncrypted(type: number): boolean {
  if ((type & NEW_TYPE) !== 0) return (type & ENCRYPTED_BIT) !== 0;
  for (const known of ENCRYPTED_TYPES) if (known === type) return true;
  return false;
}
