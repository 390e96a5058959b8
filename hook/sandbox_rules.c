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
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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
    SCMP_SYS(sysinfo), /* glibc's qsort, for more than a page: how much memory is there? */
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

/*
 * What libsystemd and the libraries it needs are loaded with, beyond reading files,
 * and what sd-bus does on its socket: seen in versions 252 to 262. None of these
 * calls is in the lists above, so that the seal can take back all of them.
 */
static const int systemd_calls[] = {
    SCMP_SYS(pread64),    SCMP_SYS(access),     SCMP_SYS(connect),     SCMP_SYS(bind),
    SCMP_SYS(sendmsg),    SCMP_SYS(recvmsg),    SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
};

/* The same by an argument: libcap looks at the capabilities there are, sd-bus at the name of
 * the process; and the seal itself. */
static const struct {
	int call;
	scmp_datum_t first; /* argument */
} systemd_calls_by_argument[] = {
    {SCMP_SYS(prctl), PR_CAPBSET_READ},
    {SCMP_SYS(prctl), PR_GET_NAME},
    {SCMP_SYS(seccomp), SECCOMP_SET_MODE_FILTER},
};

static bool is_for_systemd(enum sandbox kind)
{
	return kind == SANDBOX_LOOK_SYSTEMD || kind == SANDBOX_WORK_SYSTEMD;
}

static bool is_look(enum sandbox kind)
{
	return kind == SANDBOX_LOOK || kind == SANDBOX_LOOK_SYSTEMD;
}

static int add_all(scmp_filter_ctx c, uint32_t action, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r = seccomp_rule_add(c, action, calls[i], 0);

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
	if (r == 0 && is_look(kind))
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
	if (r == 0 && is_look(kind))
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
				     SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
	return r;
}

/* What loads libsystemd and speaks to systemd. */
static int allow_systemd(scmp_filter_ctx c)
{
	int r;

	r = add_all(c, SCMP_ACT_ALLOW, systemd_calls, COUNT(systemd_calls));
	for (size_t i = 0; i < COUNT(systemd_calls_by_argument) && r == 0; i++)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, systemd_calls_by_argument[i].call, 1,
				     SCMP_A0(SCMP_CMP_EQ, systemd_calls_by_argument[i].first, 0));
	/* a file's code: neither changed in memory nor made up there */
	if (r == 0)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0));
	return r;
}

/* A filter without rules; another architecture's calls have other numbers: all of them kill. */
static int begin(scmp_filter_ctx *ret, uint32_t otherwise)
{
	scmp_filter_ctx c = seccomp_init(otherwise);

	*ret = c;
	if (!c)
		return -ENOMEM;
	return seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
}

/* ret: a filter, released by the caller. A negative errno, as libseccomp has it. */
static int build(scmp_filter_ctx *ret, enum sandbox kind)
{
	scmp_filter_ctx c;
	int r;

	r = begin(&c, SCMP_ACT_KILL_PROCESS);
	*ret = c;
	/* A binary tree: at installation the kernel walks the program once for every system
	 * call there is, to remember the answers that need no argument. */
	if (r == 0)
		r = seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = add_all(c, SCMP_ACT_ALLOW, runtime_calls, COUNT(runtime_calls));
	if (r == 0)
		r = add_all(c, SCMP_ACT_ALLOW, look_calls, COUNT(look_calls));
	if (r == 0 && !is_look(kind))
		r = add_all(c, SCMP_ACT_ALLOW, work_calls, COUNT(work_calls));
	if (r == 0)
		r = allow_by_argument(c, kind);
	if (r == 0 && is_for_systemd(kind))
		r = allow_systemd(c);
	return r;
}

/* The same for the seal: what it does not name is left to the filter below it. */
static int build_seal(scmp_filter_ctx *ret, bool bus)
{
	const uint32_t kill = SCMP_ACT_KILL_PROCESS;
	scmp_filter_ctx c;
	int r;

	r = begin(&c, SCMP_ACT_ALLOW);
	*ret = c;
	if (r == 0)
		r = seccomp_rule_add(c, kill, SCMP_SYS(mmap), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	if (r == 0)
		r = seccomp_rule_add(c, kill, SCMP_SYS(seccomp), 0);
	if (r == 0 && !bus)
		r = seccomp_rule_add(c, kill, SCMP_SYS(prctl), 0);
	if (r == 0 && !bus)
		r = add_all(c, kill, systemd_calls, COUNT(systemd_calls));
	return r;
}

/* Write what was built, as text or as a program, and release it. */
static int write_out(scmp_filter_ctx c, int r, bool text, int fd, struct error *e)
{
	if (r == 0)
		r = text ? seccomp_export_pfc(c, fd) : seccomp_export_bpf(c, fd);
	if (c)
		seccomp_release(c);
	if (r < 0)
		return error_set_os(e, ERROR_HOST, -r, "cannot make the seccomp filter");
	return 0;
}

int sandbox_export(enum sandbox kind, int fd, struct error *e)
{
	scmp_filter_ctx c;
	int r = build(&c, kind);

	return write_out(c, r, true, fd, e);
}

int sandbox_program(enum sandbox kind, int fd, struct error *e)
{
	scmp_filter_ctx c;
	int r = build(&c, kind);

	return write_out(c, r, false, fd, e);
}

int sandbox_export_seal(bool bus, int fd, struct error *e)
{
	scmp_filter_ctx c;
	int r = build_seal(&c, bus);

	return write_out(c, r, true, fd, e);
}

int sandbox_program_seal(bool bus, int fd, struct error *e)
{
	scmp_filter_ctx c;
	int r = build_seal(&c, bus);

	return write_out(c, r, false, fd, e);
}
