/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfsim - runs a device program as the kernel would, and refuses what it would refuse
 *
 * Only the instructions that device programs here are made of; any other, a
 * read of an unset register or outside the context, a jump that leaves the
 * program or goes back, an instruction nothing reaches: refused.
 */
#ifndef VMCG_TESTS_BPFSIM_H
#define VMCG_TESTS_BPFSIM_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* NULL when the program is fit to run, else what is wrong with it. */
const char *bpfsim_check(const struct bpf_insn *insns, size_t n);

/* What the program returns for a request, 0 or 1; -1 when it broke a rule while running. */
int bpfsim_run(const struct bpf_insn *insns, size_t n, char type, uint32_t major, uint32_t minor,
	       unsigned access);

#endif
