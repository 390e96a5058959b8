/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what this process may still ask of the kernel
 *
 * Entered after the command line is understood and before the first byte of
 * input is parsed. A seccomp allow-list for each kind of command; any other
 * system call kills the process. no_new_privs is set. Nothing is ever executed.
 *
 * Whether systemd is needed is written in the input, and libsystemd, which is then
 * loaded, needs more than anything else here: executable mappings of its files,
 * and a connection. So where systemd may be needed the order is
 *   sandbox_enter(SANDBOX_..._SYSTEMD)   before the first byte of input
 *   systemd_open()                       if systemd is the manager
 *   sandbox_seal()                       always, before anything is touched
 * and what only systemd_open() needed is gone again. Sealed without a bus the
 * process may do what it might have done under the kind without _SYSTEMD.
 */
#ifndef VMCG_HOOK_SANDBOX_H
#define VMCG_HOOK_SANDBOX_H

#include <stdbool.h>

#include "oci/error.h"

enum sandbox {
	SANDBOX_LOOK, /* plan, host, list, show, paths: reads, and writes to open descriptors */
	SANDBOX_WORK, /* setup and teardown: also cgroups, records, device programs */
	/* the same, and may load libsystemd and speak to systemd until it is sealed */
	SANDBOX_LOOK_SYSTEMD,
	SANDBOX_WORK_SYSTEMD,
};

/* Confine this process for good. ERROR_HOST when the kernel does not let us. */
int sandbox_enter(enum sandbox kind, struct error *e);

/*
 * What was entered as that kind becomes narrower, for good: no file is mapped to be
 * executed any more, and unless bus is true nothing is connected to and no message
 * exchanged. Nothing to do for the kinds without _SYSTEMD. ERROR_HOST.
 */
int sandbox_seal(enum sandbox kind, bool bus, struct error *e);

/* Before all that: descriptors 0 to 2 are open and no other is; the signal mask and
 * the umask are as a root tool wants them, whatever the caller left behind. */
void sandbox_clean_start(void);

#endif
