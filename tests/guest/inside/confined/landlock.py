"""landlock.py RIGHTS DIRECTORY COMMAND...: runs COMMAND with these rights (a number, see <linux/landlock.h>) in DIRECTORY.

Everywhere else it may execute and read. Exits 77 where the kernel has no Landlock.
"""
import ctypes
import os
import sys

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
RULE_PATH_BENEATH = 1
SET_NO_NEW_PRIVS = 38
EXECUTE_AND_READ = 0xd

libc = ctypes.CDLL(None, use_errno=True)


class RulesetAttr(ctypes.Structure):
    _fields_ = [('handled_access_fs', ctypes.c_uint64)]


class PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _fields_ = [('allowed_access', ctypes.c_uint64), ('parent_fd', ctypes.c_int32)]


def all_rights(version):
    return {1: 0x1fff, 2: 0x3fff}.get(version, 0x7fff)


def main():
    allowed, directory, *command = sys.argv[1:]
    version = libc.syscall(CREATE_RULESET, None, 0, VERSION_FLAG)
    if version < 1:
        sys.exit(77)
    rights = all_rights(version)
    ruleset = libc.syscall(CREATE_RULESET, ctypes.byref(RulesetAttr(rights)), 8, 0)
    for path, access in (('/', EXECUTE_AND_READ), (directory, int(allowed, 0) & rights)):
        rule = PathBeneathAttr(access, os.open(path, os.O_PATH))
        # A rule without any right is an error.
        if access and libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0):
            sys.exit('landlock_add_rule failed')
    libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.syscall(RESTRICT_SELF, ruleset, 0):
        sys.exit('landlock_restrict_self failed')
    os.execv(command[0], command)


main()
