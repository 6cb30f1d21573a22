"""Numbers of the system calls that the sandbox knows, on x86-64 and 64-bit ARM.

Source: Linux 6.1, asm/unistd_64.h and asm-generic/unistd.h; a dash where a machine lacks the call.
"""

import platform

MACHINE = {"x86_64": 0, "aarch64": 1}.get(
    platform.machine() if platform.system() == "Linux" else ""
)
"""Which column holds here; None on a machine that the sandbox does not know."""

_COMPUTING = """
read 0 63, write 1 64, readv 19 65, writev 20 66, pread64 17 67, pwrite64 18 68, preadv 295 69,
pwritev 296 70, preadv2 327 286, pwritev2 328 287, close 3 57, close_range 436 436, lseek 8 62,
fsync 74 82, fdatasync 75 83, ftruncate 77 46, fallocate 285 47, copy_file_range 326 285,
sendfile 40 71, fadvise64 221 223, readahead 187 213, open 2 -, openat 257 56, creat 85 -,
stat 4 -, fstat 5 80, lstat 6 -, newfstatat 262 79, statx 332 291, access 21 -, faccessat 269 48,
faccessat2 439 439, getcwd 79 17, chdir 80 49, fchdir 81 50, mkdir 83 -, mkdirat 258 34,
rmdir 84 -, unlink 87 -, unlinkat 263 35, rename 82 -, renameat 264 38, renameat2 316 276,
link 86 -, linkat 265 37, symlink 88 -, symlinkat 266 36, readlink 89 -, readlinkat 267 78,
getdents 78 -, getdents64 217 61, statfs 137 43, fstatfs 138 44, umask 95 166, dup 32 23,
dup2 33 -, dup3 292 24, flock 73 32, pipe 22 -, pipe2 293 59, getxattr 191 8, lgetxattr 192 9,
fgetxattr 193 10, listxattr 194 11, llistxattr 195 12, flistxattr 196 13,
poll 7 -, ppoll 271 73, select 23 -, pselect6 270 72, epoll_create 213 -, epoll_create1 291 20,
epoll_ctl 233 21, epoll_wait 232 -, epoll_pwait 281 22, epoll_pwait2 441 441, eventfd 284 -,
eventfd2 290 19,
mmap 9 222, munmap 11 215, mremap 25 216, mprotect 10 226, madvise 28 233, brk 12 214,
msync 26 227, membarrier 324 283,
futex 202 98, set_robust_list 273 99, get_robust_list 274 100, set_tid_address 218 96,
rseq 334 293, gettid 186 178, exit 60 93, exit_group 231 94, sched_yield 24 124,
sched_getaffinity 204 123, sched_getparam 143 121, sched_getscheduler 145 120,
sched_get_priority_max 146 125, sched_get_priority_min 147 126, arch_prctl 158 -,
getpid 39 172, getppid 110 173, getpgid 121 155, getpgrp 111 -, getsid 124 156, getuid 102 174,
geteuid 107 175, getgid 104 176, getegid 108 177, getresuid 118 148, getresgid 120 150,
getgroups 115 158, capget 125 90, getrusage 98 165, getrlimit 97 163, sysinfo 99 179,
uname 63 160, times 100 153, getpriority 140 141, getcpu 309 168, wait4 61 260, waitid 247 95,
rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, rt_sigpending 127 136,
rt_sigsuspend 130 133, rt_sigtimedwait 128 137, sigaltstack 131 132, alarm 37 -,
setitimer 38 103, getitimer 36 102, pause 34 -, restart_syscall 219 128, clock_gettime 228 113,
clock_getres 229 114, clock_nanosleep 230 115, nanosleep 35 101, gettimeofday 96 169, time 201 -,
getrandom 318 278,
sendto 44 206, recvfrom 45 207, sendmsg 46 211, recvmsg 47 212, shutdown 48 210,
getsockname 51 204, getpeername 52 205, getsockopt 55 209
"""
_BOUNDED = """
fcntl 72 25, ioctl 16 29, prctl 157 167, prlimit64 302 261, kill 62 129, tgkill 234 131,
clone 56 220, socketpair 53 199, clone3 435 435
"""
_IGNORED = """
chmod 90 -, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452, utime 132 -, utimes 235 -,
futimesat 261 -, utimensat 280 88
"""
_OURS = """
mount 165 40, umount2 166 39, pivot_root 155 41, unshare 272 97, sethostname 170 161,
capset 126 91, seccomp 317 277, landlock_create_ruleset 444 444, landlock_add_rule 445 445,
landlock_restrict_self 446 446, mount_setattr 442 442
"""


def _numbers(table: str) -> dict[str, int]:
    rows = [row.split() for row in table.split(",")]
    if MACHINE is None:
        return {}
    return {name: int(numbers[MACHINE]) for name, *numbers in rows if numbers[MACHINE] != "-"}


COMPUTING = _numbers(_COMPUTING)
"""What a program needs that computes, reads and writes files, and runs threads."""

BOUNDED = _numbers(_BOUNDED)
"""What it needs with some arguments only."""

IGNORED = _numbers(_IGNORED)
"""Modes and time stamps of files: of no use to it, and Landlock does not look at them."""

OURS = _numbers(_OURS)
"""What only the sandbox itself calls, before it closes."""
