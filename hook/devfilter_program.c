/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfilter_program - the device program of one v2 group, brought to a policy
 *
 * The kernel asks all programs of a group, and each can deny. So one of ours beside
 * others can only take away; to grant, ours takes the place of the one that denies.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hook/bpfset.h"
#include "hook/devfilter_work.h"
#include "hook/devprog.h"

int devfilter_program_set(struct cgroupfs *fs, const char *path, const struct device_policy *policy,
			  struct error *e)
{
	struct bpf_insn *insns;
	size_t n;
	uint32_t id;
	int fd, r;

	r = cgroupfs_dir(&fd, fs, "", path, e);
	if (r)
		return r < 0 ? -1 : error_set(e, ERROR_FAILED, "%s: no such cgroup", path);
	r = devprog_build(&insns, &n, policy, fs->arena, e);
	if (r == DEVPROG_E_OPEN)
		return bpfset_remove(NULL, fd, fs->arena, e);
	if (r < 0 || bpfset_install(NULL, &id, fd, insns, n, fs->arena, e) < 0)
		return error_add(e, " (%s)", cgroupfs_path(fs, "", path, NULL));
	return 0;
}

/* Put ours in the place of the only, foreign program. */
static int replace_foreign(struct devfilter *ret, struct cgroupfs *fs, const char *path,
			   int cgroup_fd, uint32_t id, const struct device_policy *policy,
			   struct error *e)
{
	BPF_CLOSED_AT_END int ours = -1;
	struct bpf_insn *insns;
	uint32_t ours_id;
	int foreign, r;
	size_t n;

	r = devprog_build(&insns, &n, policy, fs->arena, e);
	if (r)
		return r < 0 ? -1 : 0; /* default allow: what is there grants or denies as before */
	r = bpf_open_id(NULL, &foreign, id, e);
	if (r)
		return r < 0 ? -1
			     : error_set(e, ERROR_FAILED,
					 "%s: device program %u cannot be opened to be replaced",
					 cgroupfs_path(fs, "", path, NULL), id);
	r = bpf_load(NULL, &ours, &ours_id, insns, n, e);
	if (r == 0)
		r = bpf_replace(NULL, cgroup_fd, ours, foreign, e);
	if (r > 0)
		r = error_set(e, ERROR_FAILED, "%s: device program %u went away meanwhile",
			      cgroupfs_path(fs, "", path, NULL), id);
	if (r < 0) {
		close(foreign);
		return -1;
	}
	*ret = (struct devfilter){.path = path, .fd = foreign};
	return 0;
}

/* By its name, or since it came when the unit was changed. */
static bool is_systemds(const struct devfilter_extension *x, uint32_t id)
{
	bool known = !x->programs;

	for (size_t i = 0; !known && i < x->n_programs; i++)
		known = x->programs[i] == id;
	return !known || bpf_is_systemds(NULL, id);
}

/* The programs of a group, told apart. */
struct programs {
	size_t n, n_ours, n_foreign;
	uint32_t foreign; /* the last of those */
	uint32_t *ids;
};

static int tell_apart(struct programs *ret, struct cgroupfs *fs, int cgroup_fd,
		      const struct devfilter_extension *x, struct error *e)
{
	*ret = (struct programs){0};
	if (bpf_list(NULL, &ret->ids, &ret->n, cgroup_fd, fs->arena, e) < 0)
		return -1;
	for (size_t i = 0; i < ret->n; i++) {
		if (bpf_is_ours(NULL, ret->ids[i])) {
			ret->n_ours++;
		} else if (!x->told_systemd || !is_systemds(x, ret->ids[i])) {
			ret->n_foreign++;
			ret->foreign = ret->ids[i];
		}
	}
	return 0;
}

/* Where ours took a place, there must be one of ours: an open policy has a program, too. */
static int set_in_place(struct cgroupfs *fs, const char *path, int cgroup_fd,
			const struct device_policy *policy, struct error *e)
{
	struct bpf_insn *insns;
	uint32_t id;
	size_t n;

	if (!policy->allow || policy->n)
		return devfilter_program_set(fs, path, policy, e);
	devprog_build_open(&insns, &n, fs->arena);
	return bpfset_install(NULL, &id, cgroup_fd, insns, n, fs->arena, e);
}

/* Beside filters of others, or where there are none, ours has the denials alone. */
static int set_beside(struct cgroupfs *fs, const char *path, int cgroup_fd,
		      const struct device_policy *denied, struct error *e)
{
	if (!denied->n)
		return bpfset_remove(NULL, cgroup_fd, fs->arena, e);
	return devfilter_program_set(fs, path, denied, e);
}

static bool lists(const uint32_t *ids, size_t n, unsigned long id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* The next id of what devfilter_look saw that is not systemd's own, which it makes anew at each
 * reload; false: there is none. */
static bool next_known(const char **at, unsigned long *ret)
{
	while (**at == ' ') {
		char *end;

		*ret = strtoul(*at, &end, 10);
		*at = end;
		if (strncmp(end, DEVFILTER_SYSTEMDS, strlen(DEVFILTER_SYSTEMDS)) != 0)
			return true;
		*at += strlen(DEVFILTER_SYSTEMDS);
	}
	return false;
}

/* Behind the number of programs that devfilter_look saw. */
static const char *ids_of(const char *first, unsigned long *ret_n)
{
	char *end = NULL;

	*ret_n = strtoul(first ? first : "0", &end, 10);
	return end;
}

/* Was that program there before the first setup? Its maker has put it back. */
static bool was_there(const char *first, uint32_t id)
{
	unsigned long n, known;
	const char *at = ids_of(first, &n);

	while (next_known(&at, &known))
		if (known == id)
			return true;
	return false;
}

bool devfilter_program_took_place(const char *first, const uint32_t *ids, size_t n)
{
	size_t n_missing = 0, n_systemds = 0, n_ours = 0, n_foreign = 0, n_put_back = 0;
	unsigned long n_before, known;
	const char *at = ids_of(first, &n_before);
	bool by_id = *at == ' ';

	while (next_known(&at, &known))
		n_missing += !lists(ids, n, known);
	for (size_t i = 0; i < n; i++) {
		bool systemds = bpf_is_systemds(NULL, ids[i]), ours = bpf_is_ours(NULL, ids[i]);

		n_systemds += systemds;
		n_ours += ours;
		n_foreign += !systemds && !ours;
		n_put_back += !systemds && !ours && was_there(first, ids[i]);
	}
	if (!by_id)
		return n_systemds < n_before;
	return n_missing || (n_ours && n_foreign == 1 && n_put_back == 1);
}

int devfilter_program_extend(struct devfilter *ret, struct cgroupfs *fs, const char *path,
			     const struct devfilter_extension *x, struct error *e)
{
	struct programs p;
	int fd, r;

	r = cgroupfs_dir(&fd, fs, "", path, e);
	if (r)
		return r < 0 ? -1 : error_set(e, ERROR_FAILED, "%s: no such cgroup", path);
	if (tell_apart(&p, fs, fd, x, e) < 0)
		return -1;
	if (p.n_foreign > 1 && x->unit_has_all)
		return set_beside(fs, path, fd, x->denied, e);
	/* systemd attaches what the runtime gave it once more at each reload, beside ours. */
	if (p.n_foreign == 1 && p.n_ours && was_there(x->old, p.foreign)) {
		r = replace_foreign(ret, fs, path, fd, p.foreign, x->policy, e);
		return r < 0 ? -1 : set_in_place(fs, path, fd, x->policy, e);
	}
	if (p.n_foreign > 1 || (p.n_foreign && p.n_ours))
		return error_set(
		    e, ERROR_FAILED,
		    "%s: %zu device programs are attached; all of them must allow a "
		    "device, and which one to change cannot be told; list the device in "
		    "linux.resources.devices, so that the runtime itself allows it",
		    cgroupfs_path(fs, "", path, NULL), p.n);
	if (p.n_foreign && (!x->policy->allow || x->policy->n))
		return replace_foreign(ret, fs, path, fd, p.foreign, x->policy, e);
	if (p.n_ours && devfilter_program_took_place(x->old, p.ids, p.n))
		return set_in_place(fs, path, fd, x->policy, e);
	return set_beside(fs, path, fd, x->denied, e);
}

/* Put the program that ours replaced back into its place. */
static int put_back(int cgroup_fd, const struct devfilter *replaced, const uint32_t *ids, size_t n,
		    struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		BPF_CLOSED_AT_END int ours = -1;
		struct bpf_prog_info info;

		if (bpf_open_ours(NULL, &ours, &info, ids[i], e) == 0)
			return bpf_replace(NULL, cgroup_fd, replaced->fd, ours, e) < 0 ? -1 : 0;
	}
	return 0;
}

int devfilter_program_restore(struct cgroupfs *fs, const char *path,
			      const struct devfilter_past *past, struct error *e)
{
	size_t n, n_ours = 0;
	const struct device_policy none = {.allow = true};
	uint32_t *ids;
	int fd, r;

	r = cgroupfs_dir(&fd, fs, "", path, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (bpf_list(NULL, &ids, &n, fd, fs->arena, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		n_ours += bpf_is_ours(NULL, ids[i]);
	/* It never came to that, or this is another group of the same name by now. */
	if (n_ours == 0)
		return 0;
	/* In a group of our own it took nobody's place. */
	if (!past->adopted)
		return past->partial ? devfilter_program_set(fs, path, past->before, e)
				     : bpfset_remove(NULL, fd, fs->arena, e);
	if (past->replaced)
		return put_back(fd, past->replaced, ids, n, e);
	if (!devfilter_program_took_place(past->first, ids, n))
		return set_beside(fs, path, fd, past->partial ? past->before_denied : &none, e);
	return set_in_place(fs, path, fd, past->before, e);
}
