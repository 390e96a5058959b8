/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devprog - the device program that means what a policy means
 *
 * A BPF_PROG_TYPE_CGROUP_DEVICE program for cgroup v2, as instructions: data,
 * no system call. Source: include/uapi/linux/bpf.h (struct bpf_cgroup_dev_ctx).
 *
 * Limits. A jump offset is a signed 16-bit number, so a program ends at
 * DEVPROG_MAX instructions: 8189 entries without a wildcard. Kernels take less,
 * and say so when the program is loaded: 4096 instructions before 5.2; later a
 * million steps of the verifier, whose work grows with the square of the entries
 * of one major, which is some 700 (tests/root/devices-kernel.c, "many").
 */
#ifndef VMCG_HOOK_DEVPROG_H
#define VMCG_HOOK_DEVPROG_H

#include <linux/bpf.h>

#include "hook/devrules.h"
#include "oci/text.h"

enum { DEVPROG_MAX = 32767 }; /* instructions */

enum {
	DEVPROG_E_OPEN = 1, /* the policy grants everything: there is nothing to attach */
};

/*
 * The program of a policy in normal form. Policies with the same default that
 * grant the same give equal bytes. 0, DEVPROG_E_OPEN, or ERROR_INPUT when the
 * policy needs more than DEVPROG_MAX instructions.
 */
int devprog_build(struct bpf_insn **ret, size_t *ret_n, const struct device_policy *p,
		  struct arena *a, struct error *e);

/* The program of a policy that grants everything: for the place of one that did not. */
void devprog_build_open(struct bpf_insn **ret, size_t *ret_n, struct arena *a);

/* One readable line for each instruction. */
void devprog_text(const struct bpf_insn *insns, size_t n, struct text *out);

#endif
