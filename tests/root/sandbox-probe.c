/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox-probe - one system call under the sandbox of vmcg
 *
 *   sandbox-probe KIND CALL     "survived" on standard output, or death by SIGSYS
 *   sandbox-probe list          the names of the calls
 *
 * KIND is look or work; with -systemd behind it those that may load libsystemd; with
 * -sealed or -bus behind that what is left of them when they are sealed.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hook/sandbox.h"

/* What the calls answer is of no interest: most would fail, were they let through. */
static long run_program(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static long make_process(void)
{
	return syscall(SYS_clone, 17 /* SIGCHLD */, NULL, NULL, NULL, NULL) == 0 ? _exit(0), 0 : 1;
}

static long trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long mount_over(void)
{
	return mount("none", "/nonexistent", "tmpfs", 0, NULL);
}

static long leave_namespace(void)
{
	return unshare(CLONE_NEWUTS);
}

static long connect_network(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long connect_local(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != NULL;
}

static long map_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != NULL;
}

static long connect_nowhere(void)
{
	return connect(-1, NULL, 0);
}

static long change_mode(void)
{
	return syscall(SYS_fchmodat, AT_FDCWD, "/nonexistent", 0777);
}

static long change_user(void)
{
	return syscall(SYS_setuid, 0);
}

static long open_for_writing(void)
{
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static long open_for_reading(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static long make_directory(void)
{
	return mkdirat(AT_FDCWD, "/nonexistent/directory", 0755);
}

static const struct {
	const char *name;
	long (*call)(void);
} calls[] = {
    {"execve", run_program},   {"clone", make_process},          {"ptrace", trace},
    {"mount", mount_over},     {"unshare", leave_namespace},     {"inet", connect_network},
    {"unix", connect_local},   {"mmap-exec", map_code},          {"chmod", change_mode},
    {"setuid", change_user},   {"open-write", open_for_writing}, {"open-read", open_for_reading},
    {"mkdir", make_directory}, {"mmap-file", map_file},          {"connect", connect_nowhere},
};

static const struct {
	const char *name;
	enum sandbox kind;
	bool seal, bus;
} kinds[] = {
    {"look", .kind = SANDBOX_LOOK},
    {"work", .kind = SANDBOX_WORK},
    {"look-systemd", .kind = SANDBOX_LOOK_SYSTEMD},
    {"work-systemd", .kind = SANDBOX_WORK_SYSTEMD},
    {"look-systemd-sealed", SANDBOX_LOOK_SYSTEMD, true, false},
    {"work-systemd-sealed", SANDBOX_WORK_SYSTEMD, true, false},
    {"look-systemd-bus", SANDBOX_LOOK_SYSTEMD, true, true},
    {"work-systemd-bus", SANDBOX_WORK_SYSTEMD, true, true},
};

/* A kind that is none confines nothing, and its calls would survive: refused. */
static int enter(const char *name, struct error *e)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		if (sandbox_enter(kinds[i].kind, e) < 0)
			return -1;
		return kinds[i].seal ? sandbox_seal(kinds[i].kind, kinds[i].bus, e) : 0;
	}
	return error_set(e, ERROR_USAGE, "%s: no such kind", name);
}

int main(int argc, char **argv)
{
	struct error e;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (argc < 3) {
			puts(calls[i].name);
			continue;
		}
		if (strcmp(argv[2], calls[i].name) != 0)
			continue;
		if (enter(argv[1], &e) < 0) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
		(void)calls[i].call();
		puts("survived");
	}
	return 0;
}
