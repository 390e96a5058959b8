/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-sandbox - what a confined process can still do, and what kills it
 *
 * Each try runs in a child of its own that enters the filter and makes one raw
 * system call: the sanitizers' calls would muddy the picture, so nothing else runs
 * there. The child ends by exit(2) with the call's success, or dies of SIGSYS.
 *
 * The lists themselves are compared with committed text, tests/unit/sandbox-*.pfc:
 * "CALL" or "CALL: CONDITIONS", sorted, as they are on x86-64. libseccomp's own text
 * has the same content in an order that differs from version to version. UPDATE=1
 * rewrites the files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/sandbox.h"
#include "hook/sandbox_rules.h"
#include "oci/arena.h"
#include "oci/text.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/*
 * What lets a call through. LOADING: the kinds with _SYSTEMD until they are sealed;
 * SPEAKING: those also when they are sealed with a bus.
 */
enum { NONE, LOOK = 1, WORK = 2, BOTH = 3, LOADING = 4, SPEAKING = 8, SYSTEMD = 12 };

enum seal { UNSEALED, SEAL_ALONE, SEAL_BUS };

static const struct stage {
	const char *name;
	enum sandbox kind;
	enum seal seal;
	int lets;
} stages[] = {
    {"look", SANDBOX_LOOK, UNSEALED, LOOK},
    {"work", SANDBOX_WORK, UNSEALED, WORK},
    /* nothing to seal */
    {"look, sealed", SANDBOX_LOOK, SEAL_ALONE, LOOK},
    {"work, sealed with a bus", SANDBOX_WORK, SEAL_BUS, WORK},
    {"look, systemd", SANDBOX_LOOK_SYSTEMD, UNSEALED, LOOK | SYSTEMD},
    {"work, systemd", SANDBOX_WORK_SYSTEMD, UNSEALED, WORK | SYSTEMD},
    {"look, systemd, sealed with a bus", SANDBOX_LOOK_SYSTEMD, SEAL_BUS, LOOK | SPEAKING},
    {"work, systemd, sealed with a bus", SANDBOX_WORK_SYSTEMD, SEAL_BUS, WORK | SPEAKING},
    /* as if it had never been anything else */
    {"look, systemd, sealed", SANDBOX_LOOK_SYSTEMD, SEAL_ALONE, LOOK},
    {"work, systemd, sealed", SANDBOX_WORK_SYSTEMD, SEAL_ALONE, WORK},
};

static const struct open_how how = {.flags = O_RDONLY};

#define P(pointer) ((long)(uintptr_t)(pointer))

/* A call with its arguments, and the kinds of sandbox that let it through. */
static const struct {
	const char *what;
	long call;
	long arg[6];
	int allowed;
} tries[] = {
    {"getpid", SYS_getpid, {0}, BOTH},
    {"write to an open descriptor", SYS_write, {1, 0, 0}, BOTH},
    {"read", SYS_read, {0, 0, 0}, BOTH},
    {"close", SYS_close, {99}, BOTH},
    {"openat for reading", SYS_openat, {AT_FDCWD, P("/proc/self/stat"), O_RDONLY}, BOTH},
    {"openat of a directory, O_PATH",
     SYS_openat,
     {AT_FDCWD, P("/proc"), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW},
     BOTH},
    {"openat for writing", SYS_openat, {AT_FDCWD, P("/dev/null"), O_WRONLY}, WORK},
    {"openat for both", SYS_openat, {AT_FDCWD, P("/dev/null"), O_RDWR}, WORK},
    {"openat to create", SYS_openat, {AT_FDCWD, P("/dev/null"), O_RDONLY | O_CREAT, 0600}, WORK},
    {"openat to cut", SYS_openat, {AT_FDCWD, P("/dev/null"), O_RDONLY | O_TRUNC}, WORK},
    {"openat2", SYS_openat2, {AT_FDCWD, P("/proc"), P(&how), sizeof(how)}, WORK},
    {"mkdirat", SYS_mkdirat, {-1, P("x"), 0700}, WORK},
    {"unlinkat", SYS_unlinkat, {-1, P("x"), 0}, WORK},
    {"renameat", SYS_renameat, {-1, P("x"), -1, P("y")}, WORK},
    {"bpf", SYS_bpf, {-1, 0, 0}, WORK},
    {"kill", SYS_kill, {-0x7fffffff, 0}, WORK},
    {"sched_setaffinity", SYS_sched_setaffinity, {-1, 0, 0}, WORK},
    {"fsetxattr", SYS_fsetxattr, {-1, P("user.x"), P(""), 0, 0}, WORK},
    {"socket AF_UNIX", SYS_socket, {AF_UNIX, SOCK_DGRAM, 0}, BOTH},
    {"socket AF_INET", SYS_socket, {AF_INET, SOCK_STREAM, 0}, NONE},
    {"socket AF_INET6", SYS_socket, {AF_INET6, SOCK_STREAM, 0}, NONE},
    {"socket AF_NETLINK", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}, NONE},
    {"socket AF_PACKET", SYS_socket, {AF_PACKET, SOCK_RAW, 0}, NONE},
    {"connect", SYS_connect, {-1, 0, 0}, SYSTEMD},
    {"bind", SYS_bind, {-1, 0, 0}, SYSTEMD},
    {"sendmsg", SYS_sendmsg, {-1, 0, 0}, SYSTEMD},
    {"recvmsg", SYS_recvmsg, {-1, 0, 0}, SYSTEMD},
    {"getsockopt", SYS_getsockopt, {-1, 0, 0, 0, 0}, SYSTEMD},
    {"setsockopt", SYS_setsockopt, {-1, 0, 0, 0, 0}, SYSTEMD},
    {"getsockname", SYS_getsockname, {-1, 0, 0}, SYSTEMD},
    {"getpeername", SYS_getpeername, {-1, 0, 0}, SYSTEMD},
    {"listen", SYS_listen, {-1, 0}, NONE},
    {"accept4", SYS_accept4, {-1, 0, 0, 0}, NONE},
    {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, 0}, NONE},
    {"pread64", SYS_pread64, {-1, 0, 0, 0}, SYSTEMD},
#ifdef SYS_access
    {"access", SYS_access, {P("/proc"), 0}, SYSTEMD},
#endif
    {"memory",
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
     BOTH},
    {"memory to execute",
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
     NONE},
    {"memory to execute and write",
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
     NONE},
    {"memory made executable", SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}, NONE},
    {"a file to execute",
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_DENYWRITE, -1, 0},
     LOADING},
    {"a file to execute and write",
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, -1, 0},
     NONE},
    {"a file to write",
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, -1, 0},
     BOTH},
    {"execve", SYS_execve, {P("/bin/true"), 0, 0}, NONE},
    {"execveat", SYS_execveat, {AT_FDCWD, P("/bin/true"), 0, 0, 0}, NONE},
    {"clone", SYS_clone, {SIGCHLD, 0, 0, 0, 0}, NONE},
    {"ptrace", SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0}, NONE},
    {"mount", SYS_mount, {P("x"), P("/nowhere"), P("tmpfs"), 0, 0}, NONE},
    {"umount2", SYS_umount2, {P("/nowhere"), 0}, NONE},
    {"unshare", SYS_unshare, {0}, NONE},
    {"setns", SYS_setns, {-1, 0}, NONE},
    {"chroot", SYS_chroot, {P("/nowhere")}, NONE},
    {"setuid", SYS_setuid, {0}, NONE},
    {"init_module", SYS_init_module, {0, 0, 0}, NONE},
    {"process_vm_readv", SYS_process_vm_readv, {-1, 0, 0, 0, 0, 0}, NONE},
    {"keyctl", SYS_keyctl, {0, 0, 0, 0, 0}, NONE},
    {"perf_event_open", SYS_perf_event_open, {0, 0, 0, 0, 0}, NONE},
    {"seccomp, once more", SYS_seccomp, {0, 0, 0}, NONE},
    {"a filter, once more", SYS_seccomp, {SECCOMP_SET_MODE_FILTER, 0, 0}, LOADING},
    {"prctl", SYS_prctl, {0, 0, 0, 0, 0}, NONE},
    {"prctl, capabilities", SYS_prctl, {PR_CAPBSET_READ, 0, 0, 0, 0}, SYSTEMD},
    {"prctl, own name", SYS_prctl, {PR_GET_NAME, 0, 0, 0, 0}, SYSTEMD},
    {"prctl, capabilities dropped", SYS_prctl, {PR_CAPBSET_DROP, 0, 0, 0, 0}, NONE},
    {"prctl, dumpable", SYS_prctl, {PR_SET_DUMPABLE, 1, 0, 0, 0}, NONE},
    {"symlinkat", SYS_symlinkat, {P("x"), -1, P("y")}, NONE},
    {"linkat", SYS_linkat, {-1, P("x"), -1, P("y"), 0}, NONE},
    {"fchmodat", SYS_fchmodat, {-1, P("x"), 0}, NONE},
    {"fchownat", SYS_fchownat, {-1, P("x"), 0, 0, 0}, NONE},
    {"a call that is none", 100000, {0}, NONE},
#ifdef SYS_io_uring_setup
    {"io_uring_setup", SYS_io_uring_setup, {0, 0}, NONE},
#endif
#ifdef __x86_64__
    {"getpid of x32", 0x40000000 + SYS_getpid, {0}, NONE},
#endif
};

static long raw_call(long call, const long arg[6])
{
	return syscall(call, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

/* 0: it got through, whatever the kernel said then; else the signal it died of. */
static int try_in_child(const struct stage *stage, size_t i)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (sandbox_enter(stage->kind, NULL) < 0 ||
		    (stage->seal != UNSEALED &&
		     sandbox_seal(stage->kind, stage->seal == SEAL_BUS, NULL) < 0))
			syscall(SYS_exit_group, 2);
		raw_call(tries[i].call, tries[i].arg);
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	assert_int_equal(WEXITSTATUS(status), 0);
	return 0;
}

static void test_stages(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(stages) * COUNT(tries); i++) {
		const struct stage *stage = &stages[i / COUNT(tries)];
		size_t t = i % COUNT(tries);
		int want = tries[t].allowed & stage->lets ? 0 : SIGSYS;
		int got = try_in_child(stage, t);

		if (got != want) {
			print_error("%s: %s: want signal %d, got %d\n", stage->name, tries[t].what,
				    want, got);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* Code of a real file: mapped before the seal, not after it. */
static void test_code_of_a_file(void **state)
{
	static const struct {
		bool seal, bus;
		int want;
	} t[] = {{false, false, 0}, {true, false, SIGSYS}, {true, true, SIGSYS}};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		int status, fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		pid_t pid = fork();

		if (pid == 0) {
			const long arg[6] = {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0};
			long at;

			if (sandbox_enter(SANDBOX_WORK_SYSTEMD, NULL) < 0 ||
			    (t[i].seal && sandbox_seal(SANDBOX_WORK_SYSTEMD, t[i].bus, NULL) < 0))
				syscall(SYS_exit_group, 2);
			at = raw_call(SYS_mmap, arg);
			syscall(SYS_exit_group, at == -1);
		}
		close(fd);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status),
				 t[i].want);
	}
}

/* A confined process cannot get more by executing something set-user-id, if it ever could. */
static void test_no_new_privileges(void **state)
{
	char text[8192];
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		long fd, len;

		if (sandbox_enter(SANDBOX_LOOK, NULL) < 0)
			syscall(SYS_exit_group, 2);
		fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY);
		len = syscall(SYS_read, fd, text, sizeof(text));
		syscall(SYS_write, fds[1], text, len);
		syscall(SYS_exit_group, 0);
	}
	close(fds[1]);
	n = read(fds[0], text, sizeof(text) - 1);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(text, "Seccomp:\t2\n"));
}

/* --- the lists --- */

static char *read_whole(int fd, struct arena *a)
{
	char *text = arena_alloc(a, 1 << 20);
	size_t n = 0;
	ssize_t got;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	while ((got = read(fd, text + n, (1 << 20) - 1 - n)) > 0)
		n += (size_t)got;
	return text;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The name in: # filter for syscall "NAME" (NUMBER) [priority: ...] */
static const char *name_of(const char *line, struct arena *a)
{
	static const char start[] = "# filter for syscall \"";
	const char *at = strstr(line, start);

	if (!at)
		return NULL;
	at += strlen(start);
	return arena_copy(a, at, strcspn(at, "\""));
}

/* The condition in: if ($a2.lo32 & 0x00000004 == 0); of halves only those that ask for something.
 */
static const char *condition_of(const char *line, struct arena *a)
{
	const char *at = strstr(line, "if ($a");

	if (!at || strstr(line, ".hi32"))
		return NULL;
	return arena_copy(a, at + 4, strcspn(at + 4, ")"));
}

/* "CALL: CONDITION, CONDITION", in the order of their text, each once. */
static const char *with_conditions(const char *name, const char **conditions, size_t n,
				   struct arena *a)
{
	const char *line = name;

	if (n)
		qsort(conditions, n, sizeof(*conditions), by_text);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(conditions[i], conditions[i - 1]) != 0)
			line = arena_printf(a, "%s%s %s", line, i == 0 ? ":" : ",", conditions[i]);
	return line;
}

/* libseccomp's text as sorted lines "CALL" or "CALL: CONDITIONS". */
static char *normal_form(const char *pfc, struct arena *a)
{
	const char **lines = NULL, **conditions = NULL;
	const char *name = NULL;
	struct text out = {0};
	char *copy;
	size_t n = 0, n_conditions = 0;

	for (const char *at = pfc; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *line = arena_copy(a, at, strcspn(at, "\n"));
		const char *condition = condition_of(line, a);

		if (name_of(line, a)) {
			name = name_of(line, a);
			n_conditions = 0;
			*ARENA_APPEND(a, lines, n) = name;
		} else if (condition && name && n) {
			*ARENA_APPEND(a, conditions, n_conditions) = condition;
			lines[n - 1] = with_conditions(name, conditions, n_conditions, a);
		}
	}
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(lines[i], lines[i - 1]) != 0)
			text_printf(&out, "%s\n", lines[i]);
	copy = arena_copy(a, out.s ? out.s : "", out.len);
	text_free(&out);
	return copy;
}

static const struct {
	const char *file;
	size_t least; /* an empty form would equal nothing, and mean the text is not understood */
	enum sandbox kind;
	enum seal seal; /* not UNSEALED: the list of the seal */
} lists[] = {
    {"tests/unit/sandbox-look.pfc", 40, SANDBOX_LOOK, UNSEALED},
    {"tests/unit/sandbox-work.pfc", 50, SANDBOX_WORK, UNSEALED},
    {"tests/unit/sandbox-look-systemd.pfc", 50, SANDBOX_LOOK_SYSTEMD, UNSEALED},
    {"tests/unit/sandbox-work-systemd.pfc", 60, SANDBOX_WORK_SYSTEMD, UNSEALED},
    {"tests/unit/sandbox-seal-alone.pfc", 12, SANDBOX_LOOK, SEAL_ALONE},
    {"tests/unit/sandbox-seal-bus.pfc", 2, SANDBOX_LOOK, SEAL_BUS},
};

static int export(size_t i, int fd, struct error *e)
{
	return lists[i].seal == UNSEALED ? sandbox_export(lists[i].kind, fd, e)
					 : sandbox_export_seal(lists[i].seal == SEAL_BUS, fd, e);
}

static void check_list(size_t i)
{
	const char *file = lists[i].file;
	struct arena a = {0};
	struct error e;
	FILE *out = tmpfile(), *committed;
	char *got, *want;
	size_t n = 0;

	assert_non_null(out);
	if (export(i, fileno(out), &e) < 0)
		fail_msg("%s", e.text);
	got = normal_form(read_whole(fileno(out), &a), &a);
	fclose(out);
	committed = fopen(file, getenv("UPDATE") ? "w+e" : "re");
	if (!committed)
		fail_msg("%s: %s (run from the top of the tree)", file, strerror(errno));
	if (getenv("UPDATE"))
		assert_true(fputs(got, committed) >= 0 && fflush(committed) == 0);
	want = read_whole(fileno(committed), &a);
	fclose(committed);
	for (const char *at = got; *at; at++)
		n += *at == '\n';
	assert_true(n >= lists[i].least);
	if (strcmp(got, want) != 0)
		fail_msg("%s differs (UPDATE=1 rewrites it)\n-- want\n%s-- got\n%s", file, want,
			 got);
	arena_free(&a);
}

static void test_lists(void **state)
{
	(void)state;
#ifndef __x86_64__
	skip(); /* stat, poll and mkdir are no calls there */
#endif
	for (size_t i = 0; i < COUNT(lists); i++)
		check_list(i);
}

/* --- a clean start --- */

static void test_clean_start(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		int stray = dup2(1, 77);
		sigset_t now, all;
		int code = stray == 77 ? 0 : 1;

		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		signal(SIGCHLD, SIG_IGN);
		close(0);
		close(2);
		sandbox_clean_start();
		/* closed standard descriptors are open again, strays are closed */
		if (fcntl(0, F_GETFD) < 0 || fcntl(1, F_GETFD) < 0 || fcntl(2, F_GETFD) < 0)
			code = 2;
		if (fcntl(77, F_GETFD) >= 0)
			code = 3;
		sigprocmask(SIG_SETMASK, NULL, &now);
		if (sigismember(&now, SIGTERM))
			code = 4;
		if (signal(SIGCHLD, SIG_DFL) != SIG_DFL || signal(SIGPIPE, SIG_DFL) != SIG_IGN)
			code = 5;
		syscall(SYS_exit_group, code);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stages),
	    cmocka_unit_test(test_code_of_a_file),
	    cmocka_unit_test(test_no_new_privileges),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_clean_start),
	};

	/* The test build enters the sandbox only when asked to. */
	setenv("VMCG_SANDBOX", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
