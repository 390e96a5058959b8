/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfset - the device program of ours in a cgroup: exactly one, or none
 *
 * Others may have programs in the same group; they are left alone, and each of
 * them can still deny.
 */
#ifndef VMCG_HOOK_BPFSET_H
#define VMCG_HOOK_BPFSET_H

#include "hook/bpf.h"

/*
 * Make this program the only one of ours in the group. One that has the same
 * instructions stays as it is. *ret_id is the id of the one that is now in
 * force. At no time is the group without a program of ours if it had one, and
 * what the old and the new one both allow is never denied.
 */
int bpfset_install(const struct bpf_kernel *k, uint32_t *ret_id, int cgroup_fd,
		   const struct bpf_insn *insns, size_t n, struct arena *a, struct error *e);

/* Detach all programs of ours from the group; none there is fine. */
int bpfset_remove(const struct bpf_kernel *k, int cgroup_fd, struct arena *a, struct error *e);

#endif
