/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_rules - the allow-lists, as libseccomp has them: for the build and the tests
 */
#ifndef VMCG_HOOK_SANDBOX_RULES_H
#define VMCG_HOOK_SANDBOX_RULES_H

#include "hook/sandbox.h"

/* The filter as text (libseccomp's pseudo code) to a descriptor, for tests and readers. */
int sandbox_export(enum sandbox kind, int fd, struct error *e);

/* The filter as a program (an array of struct sock_filter) to a descriptor. */
int sandbox_program(enum sandbox kind, int fd, struct error *e);

/* The same for the seal, which names what kills. */
int sandbox_export_seal(bool bus, int fd, struct error *e);
int sandbox_program_seal(bool bus, int fd, struct error *e);

#endif
