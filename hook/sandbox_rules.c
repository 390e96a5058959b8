/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_rules - the allow-lists, as libseccomp has them
 *
 * Used when vmcg is built (sandbox_gen.c makes the programs that sandbox.c
 * installs) and by the tests, never by the running hook: making the same filter
 * again at each start of a VM would cost more than all the rest of its sandbox.
 *
 * The lists stand beside the reason for each group of calls. A call belongs to a
 * list because a file of the tree makes it, or because the C library does on its
 * behalf (memory, locks, time).
 */
#include "hook/sandbox_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

_Static_assert(sizeof(void *) == 8, "the lists name the system calls of 64-bit architectures");

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The C library: memory, locks, time, an orderly end. */
static const int runtime_calls[] = {
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigprocmask),
};

/* Reading documents, /proc, /sys and cgroups; writing what is open already. */
static const int look_calls[] = {
    SCMP_SYS(readv),      SCMP_SYS(writev),    SCMP_SYS(read),       SCMP_SYS(write),
    SCMP_SYS(close),      SCMP_SYS(lseek),     SCMP_SYS(fstat),      SCMP_SYS(newfstatat),
    SCMP_SYS(statx),      SCMP_SYS(stat),      SCMP_SYS(lstat),      SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),    SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
    SCMP_SYS(fcntl),      SCMP_SYS(dup),       SCMP_SYS(uname),      SCMP_SYS(getpid),
    SCMP_SYS(gettid),     SCMP_SYS(getuid),    SCMP_SYS(geteuid),    SCMP_SYS(getgid),
    SCMP_SYS(getegid),    SCMP_SYS(fgetxattr), SCMP_SYS(faccessat),  SCMP_SYS(faccessat2),
    SCMP_SYS(pidfd_open), SCMP_SYS(poll),      SCMP_SYS(ppoll),      SCMP_SYS(sendto),
};

static const int work_calls[] = {
    /* cgroupfs.c, store.c: groups and records */
    SCMP_SYS(open), /* some C libraries' open() */
    SCMP_SYS(openat),
    SCMP_SYS(openat2),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(unlinkat),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(fsync),
    SCMP_SYS(flock),
    SCMP_SYS(fsetxattr),
    /* bpf.c: device programs, and the limit that old kernels charge them to */
    SCMP_SYS(bpf),
    SCMP_SYS(prlimit64),
    /* procs.c, drain.c: the affinity after a move; SIGKILL only where policy says "kill" */
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(kill),
};

static int allow(scmp_filter_ctx c, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 0);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Calls that are harmless or not by an argument. */
static int allow_by_argument(scmp_filter_ctx c, enum sandbox kind)
{
	const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
	int r;

	/* memory, but never executable; a sleeping writer to syslog, but never the network */
	r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	if (r == 0 && kind == SANDBOX_LOOK)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
	if (r == 0 && kind == SANDBOX_LOOK)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
				     SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
	return r;
}

/* ret: a filter, released by the caller. A negative errno, as libseccomp has it. */
static int build(scmp_filter_ctx *ret, enum sandbox kind)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	*ret = c;
	if (!c)
		return -ENOMEM;
	/* Another architecture's calls have other numbers: all of them kill. */
	r = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* A binary tree: at installation the kernel walks the program once for every system
	 * call there is, to remember the answers that need no argument. */
	if (r == 0)
		r = seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = allow(c, runtime_calls, COUNT(runtime_calls));
	if (r == 0)
		r = allow(c, look_calls, COUNT(look_calls));
	if (r == 0 && kind == SANDBOX_WORK)
		r = allow(c, work_calls, COUNT(work_calls));
	if (r == 0)
		r = allow_by_argument(c, kind);
	return r;
}

int sandbox_export(enum sandbox kind, int fd, struct error *e)
{
	scmp_filter_ctx c;
	int r;

	r = build(&c, kind);
	if (r == 0)
		r = seccomp_export_pfc(c, fd);
	if (c)
		seccomp_release(c);
	if (r < 0)
		return error_set_os(e, ERROR_HOST, -r, "cannot print the seccomp filter");
	return 0;
}

int sandbox_program(enum sandbox kind, int fd, struct error *e)
{
	scmp_filter_ctx c;
	int r;

	r = build(&c, kind);
	if (r == 0)
		r = seccomp_export_bpf(c, fd);
	if (c)
		seccomp_release(c);
	if (r < 0)
		return error_set_os(e, ERROR_HOST, -r, "cannot make the seccomp program");
	return 0;
}
