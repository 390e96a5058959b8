/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what this process may still ask of the kernel
 *
 * Entered after the command line is understood and before the first byte of
 * input is parsed. A seccomp allow-list for each kind of command; any other
 * system call kills the process. no_new_privs is set. Nothing is ever executed.
 */
#ifndef VMCG_HOOK_SANDBOX_H
#define VMCG_HOOK_SANDBOX_H

#include <stdbool.h>

#include "oci/error.h"

enum sandbox {
	SANDBOX_LOOK, /* plan, host, list, show, paths: reads, and writes to open descriptors */
	SANDBOX_WORK, /* setup and teardown: also cgroups, records, device programs */
	/* The same where systemd may have to be asked: libsystemd can be loaded until sandbox_seal. */
	SANDBOX_LOOK_SYSTEMD,
	SANDBOX_WORK_SYSTEMD,
};

/* Confine this process for good. ERROR_HOST when the kernel does not let us. */
int sandbox_enter(enum sandbox kind, struct error *e);

/* Nothing can be loaded from now on, and without bus nothing connected to. ERROR_HOST. */
int sandbox_seal(enum sandbox kind, bool bus, struct error *e);

/* Before all that: descriptors 0 to 2 are open and no other is; the signal mask and
 * the umask are as a root tool wants them, whatever the caller left behind. */
void sandbox_clean_start(void);

#endif
