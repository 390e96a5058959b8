/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what this process may still ask of the kernel
 *
 * The programs were made from the allow-lists of sandbox_rules.c with libseccomp
 * when vmcg was built; here one of them is installed, with two system calls. The
 * seal is a second one, on top: of two answers the kernel takes the harsher.
 */
#include "hook/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_filters.h"

#ifndef SYS_close_range
#define SYS_close_range 436 /* the same on every architecture */
#endif

#define PROGRAM(filters)                                                              \
	{                                                                             \
		sizeof(filters) / sizeof(*(filters)), (struct sock_filter *)(filters) \
	}

static int install(const struct sock_fprog *program, struct error *e)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) < 0)
		return error_set_os(e, ERROR_HOST, errno,
				    "cannot confine this process with seccomp");
	return 0;
}

/* The sanitizers' own calls would be killed. The unit test of this file asks for it. */
static bool is_off(void)
{
#ifdef VMCG_TEST
	return !getenv("VMCG_SANDBOX");
#else
	return false;
#endif
}

int sandbox_enter(enum sandbox kind, struct error *e)
{
	/* The kernel reads the program; its type says otherwise. */
	const struct sock_fprog programs[] = {
	    [SANDBOX_LOOK] = PROGRAM(sandbox_look),
	    [SANDBOX_WORK] = PROGRAM(sandbox_work),
	    [SANDBOX_LOOK_SYSTEMD] = PROGRAM(sandbox_look_systemd),
	    [SANDBOX_WORK_SYSTEMD] = PROGRAM(sandbox_work_systemd),
	};

	if (is_off())
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set_os(e, ERROR_HOST, errno, "cannot set no_new_privs");
	return install(&programs[kind], e);
}

int sandbox_seal(enum sandbox kind, bool bus, struct error *e)
{
	const struct sock_fprog programs[] = {
	    [false] = PROGRAM(sandbox_seal_alone),
	    [true] = PROGRAM(sandbox_seal_bus),
	};

	if (is_off() || (kind != SANDBOX_LOOK_SYSTEMD && kind != SANDBOX_WORK_SYSTEMD))
		return 0;
	return install(&programs[bus], e);
}

void sandbox_clean_start(void)
{
	sigset_t none;

	/* A closed standard descriptor would be reused by the next open, and then written to. */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_NOCTTY) != fd)
			_exit(1);
	/* Before Linux 5.9 one by one, as far as a caller can be thought to go. */
	if (syscall(SYS_close_range, 3U, ~0U, 0U) < 0)
		for (int fd = 3; fd < 1024; fd++)
			close(fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	umask(022);
}
