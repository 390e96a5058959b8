/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfset - the device program of ours in a cgroup: exactly one, or none
 *
 * Ours are known by their name, so a program is found again without a record,
 * and one that a killed run left behind is cleared away by the next.
 */
#include "hook/bpfset.h"

#include <string.h>

enum { ROUNDS = 4 }; /* somebody else may detach the program that we are about to replace */

/*
 * One round: keep ours if it is the same program, else replace the first of ours, or attach
 * beside the others; then detach what else is ours. BPF_E_GONE: the one to be replaced went
 * away in between.
 */
static int install_round(const struct bpf_kernel *k, uint32_t *ret_id, int cgroup_fd, int new_fd,
			 const struct bpf_prog_info *new_info, struct arena *a, struct error *e)
{
	uint32_t *ids, in_force = 0;
	size_t n;
	int r;

	r = bpf_list(k, &ids, &n, cgroup_fd, a, e);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		BPF_CLOSED_AT_END int fd = -1;
		struct bpf_prog_info info;

		r = bpf_open_ours(k, &fd, &info, ids[i], e);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (in_force) {
			r = bpf_detach(k, cgroup_fd, fd, e);
			if (r < 0)
				return r;
		} else if (!memcmp(info.tag, new_info->tag, sizeof(info.tag))) {
			in_force = info.id;
		} else {
			r = bpf_replace(k, cgroup_fd, new_fd, fd, e);
			if (r)
				return r;
			in_force = new_info->id;
		}
	}
	if (!in_force) {
		r = bpf_attach(k, cgroup_fd, new_fd, e);
		if (r)
			return r;
		in_force = new_info->id;
	}
	*ret_id = in_force;
	return 0;
}

int bpfset_install(const struct bpf_kernel *k, uint32_t *ret_id, int cgroup_fd,
		   const struct bpf_insn *insns, size_t n, struct arena *a, struct error *e)
{
	BPF_CLOSED_AT_END int fd = -1;
	struct bpf_prog_info info;
	uint32_t id;
	int r;

	r = bpf_load(k, &fd, &id, insns, n, e);
	if (r)
		return r;
	r = bpf_info(k, &info, fd, e);
	if (r)
		return r;
	for (int i = 0; i < ROUNDS; i++) {
		r = install_round(k, ret_id, cgroup_fd, fd, &info, a, e);
		if (r <= 0)
			return r;
	}
	return error_set(e, ERROR_HOST,
			 "attaching a device program to a cgroup: somebody else keeps replacing "
			 "the program of vmcg there; is a second vmcg at work on this container?");
}

int bpfset_remove(const struct bpf_kernel *k, int cgroup_fd, struct arena *a, struct error *e)
{
	uint32_t *ids;
	size_t n;
	int r;

	r = bpf_list(k, &ids, &n, cgroup_fd, a, e);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		BPF_CLOSED_AT_END int fd = -1;
		struct bpf_prog_info info;

		r = bpf_open_ours(k, &fd, &info, ids[i], e);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		r = bpf_detach(k, cgroup_fd, fd, e);
		if (r < 0)
			return r;
	}
	return 0;
}
