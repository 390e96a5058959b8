/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfilter - the device filter of one group, brought to a policy
 *
 * A yard has no device programs, so there every group has a list, as on v1.
 */
#include "hook/devfilter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hook/bpfset.h"
#include "hook/cgpath.h"
#include "hook/devlist.h"
#include "hook/devprog.h"

#define LIST "devices.list"

/* --- v1: the list --- */

static int read_list(struct devlist_state *ret, struct cgroupfs *fs, const char *path,
		     struct error *e)
{
	const char *text;
	int r;

	r = cgroupfs_read(&text, fs, "devices", path, LIST, e);
	if (r < 0)
		return -1;
	if (r && fs->yard) /* nobody has written to it yet */
		text = "a *:* rwm";
	else if (r)
		return error_set_os(e, ERROR_FAILED, ENOENT, "%s: cannot read",
				    cgroupfs_path(fs, "devices", path, LIST));
	return devlist_parse(ret, text, cgroupfs_path(fs, "devices", path, NULL), fs->arena, e);
}

static int write_rule(struct cgroupfs *fs, const char *path, const struct devlist_write *w,
		      struct error *e)
{
	if (cgroupfs_write(fs, "devices", path, w->file, w->text, e) == 0)
		return 0;
	if (e->os == EPERM)
		error_add(e, "; an ancestor does not allow this device: see %s",
			  cgroupfs_path(fs, "devices", cgpath_parent(fs->arena, path), LIST));
	return -1;
}

static int has_children(bool *ret, struct cgroupfs *fs, const char *path, struct error *e)
{
	const char **names;
	size_t n;
	int r = cgroupfs_children(&names, &n, fs, "devices", path, e);

	*ret = r == 0 && n;
	return r < 0 ? -1 : 0;
}

static int set_list(struct cgroupfs *fs, const char *path, const struct devlist_state *from,
		    const struct device_policy *to, struct error *e)
{
	struct devlist_group group = {.path = cgroupfs_path(fs, "devices", path, NULL)};
	struct devlist_write *writes;
	struct devlist_state now;
	size_t n;

	if (has_children(&group.has_children, fs, path, e) < 0 ||
	    devlist_transition(&writes, &n, from, to, &group, fs->arena, e))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (write_rule(fs, path, &writes[i], e) < 0)
			return -1;
	if (!n)
		return 0;
	if (read_list(&now, fs, path, e) < 0)
		return -1;
	if (devlist_matches(&now, to, fs->arena))
		return 0;
	return error_set(e, ERROR_FAILED, "%s: the kernel's list is not what was written to it",
			 cgroupfs_path(fs, "devices", path, LIST));
}

/* Others' list with what we need added and what policy denies taken out, in normal form. */
static int extended(struct device_policy *ret, const struct devlist_state *was,
		    const struct device_policy *policy, const struct device_policy *denied,
		    struct arena *a, struct error *e)
{
	struct device_policy to = {0};

	to.entries = arena_alloc(a, (was->n + policy->n + 1) * sizeof(*to.entries));
	for (size_t i = 0; i < was->n; i++)
		to.entries[to.n++] = was->entries[i];
	for (size_t i = 0; i < policy->n; i++)
		to.entries[to.n++] = policy->entries[i];
	for (size_t i = 0; i < denied->n; i++) {
		const struct device_entry *d = &denied->entries[i];
		const struct oci_device_rule rule = {
		    .type = d->type, .major = d->major, .minor = d->minor, .access = d->access};

		if (devrules_add(&to, &rule, d->why, a, e) < 0)
			return -1;
	}
	devrules_normalise(&to);
	*ret = to;
	return 0;
}

static int extend_list(struct cgroupfs *fs, const char *path, const struct device_policy *policy,
		       const struct device_policy *denied, struct error *e)
{
	struct devlist_state live = {0};
	struct device_policy to = {0};

	if (read_list(&live, fs, path, e) < 0)
		return -1;
	if (live.allow || policy->allow)
		return 0; /* nothing is filtered here, or nothing has to be granted */
	if (extended(&to, &live, policy, denied, fs->arena, e) < 0)
		return -1;
	return set_list(fs, path, &live, &to, e);
}

/* What the entry of the same key in a list grants; 0 when there is none. */
static unsigned granted(const struct device_entry *list, size_t n, const struct device_entry *key)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].type == key->type && list[i].major == key->major &&
		    list[i].minor == key->minor)
			return list[i].access;
	return 0;
}

/*
 * The live list without what extending added, and with what it took out: what others changed
 * since stays as they have it.
 */
static struct device_policy reduced(const struct devlist_state *live,
				    const struct devlist_state *was,
				    const struct device_policy *extension, struct arena *a)
{
	struct device_policy to = {0};

	to.entries = arena_alloc(a, (live->n + was->n + 1) * sizeof(*to.entries));
	for (size_t i = 0; i < live->n; i++) {
		struct device_entry d = live->entries[i];

		d.access &= ~(granted(extension->entries, extension->n, &d) &
			      ~granted(was->entries, was->n, &d));
		if (d.access)
			to.entries[to.n++] = d;
	}
	for (size_t i = 0; i < was->n; i++) {
		struct device_entry d = was->entries[i];

		d.access &= ~granted(extension->entries, extension->n, &d);
		if (d.access)
			to.entries[to.n++] = d;
	}
	devrules_normalise(&to);
	return to;
}

static int restore_list(struct cgroupfs *fs, const char *path, const struct devfilter_past *past,
			struct error *e)
{
	struct devlist_state live = {0}, was = {0};
	struct device_policy to = {0}, extension = {0};

	if (read_list(&live, fs, path, e) < 0 ||
	    devlist_parse(&was, past->old, path, fs->arena, e) < 0)
		return -1;
	/* Default allow does not tell its exceptions: a reset would open what they deny. Nothing
	 * was extended there, and what others opened since is theirs. */
	if (live.allow || (was.allow && past->adopted))
		return 0;
	to = (struct device_policy){.allow = was.allow, .entries = was.entries, .n = was.n};
	devrules_normalise(&to);
	if (past->adopted) {
		if (extended(&extension, &was, past->policy, past->denied, fs->arena, e) < 0)
			return -1;
		to = reduced(&live, &was, &extension, fs->arena);
	}
	return set_list(fs, path, &live, &to, e);
}

/* --- v2: the program --- */

static int set_program(struct cgroupfs *fs, const char *path, const struct device_policy *policy,
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

static int extend_program(struct devfilter *ret, struct cgroupfs *fs, const char *path,
			  const struct devfilter_extension *x, struct error *e)
{
	size_t n, n_ours = 0, n_foreign = 0;
	uint32_t *ids, foreign = 0;
	int fd, r;

	r = cgroupfs_dir(&fd, fs, "", path, e);
	if (r)
		return r < 0 ? -1 : error_set(e, ERROR_FAILED, "%s: no such cgroup", path);
	if (bpf_list(NULL, &ids, &n, fd, fs->arena, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (bpf_is_ours(NULL, ids[i])) {
			n_ours++;
		} else if (!x->told_systemd || !is_systemds(x, ids[i])) {
			n_foreign++;
			foreign = ids[i];
		}
	}
	if (n_foreign > 1 && x->unit_has_all)
		return 0;
	if (n_foreign > 1 || (n_foreign && n_ours))
		return error_set(
		    e, ERROR_FAILED,
		    "%s: %zu device programs are attached; all of them must allow a "
		    "device, and which one to change cannot be told; list the device in "
		    "linux.resources.devices, so that the runtime itself allows it",
		    cgroupfs_path(fs, "", path, NULL), n);
	if (n_foreign)
		return replace_foreign(ret, fs, path, fd, foreign, x->policy, e);
	return n_ours ? set_program(fs, path, x->policy, e) : 0;
}

static int restore_program(struct cgroupfs *fs, const char *path, const char *old,
			   const struct devfilter *replaced, const struct device_policy *before,
			   struct error *e)
{
	size_t n, n_ours = 0;
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
	if (strtoul(old, NULL, 10) == 0)
		return bpfset_remove(NULL, fd, fs->arena, e);
	if (!replaced)
		return set_program(fs, path, before, e);
	for (size_t i = 0; i < n; i++) {
		BPF_CLOSED_AT_END int ours = -1;
		struct bpf_prog_info info;

		if (bpf_open_ours(NULL, &ours, &info, ids[i], e) == 0)
			return bpf_replace(NULL, fd, replaced->fd, ours, e) < 0 ? -1 : 0;
	}
	return 0;
}

/* --- either --- */

int devfilter_look(const char **ret, struct cgroupfs *fs, int version, const char *path,
		   struct error *e)
{
	uint32_t *ids;
	size_t n;
	int fd, r;

	if (version == 1 || fs->yard)
		return cgroupfs_read(ret, fs, "devices", path, LIST, e) < 0 ? -1 : 0;
	r = cgroupfs_dir(&fd, fs, "", path, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (bpf_list(NULL, &ids, &n, fd, fs->arena, e) < 0)
		return -1;
	*ret = arena_printf(fs->arena, "%zu", n);
	return 0;
}

int devfilter_set(struct cgroupfs *fs, int version, const char *path,
		  const struct device_policy *policy, struct error *e)
{
	struct devlist_state live = {0};

	if (version == 2 && !fs->yard)
		return set_program(fs, path, policy, e);
	if (read_list(&live, fs, path, e) < 0)
		return -1;
	return set_list(fs, path, &live, policy, e);
}

int devfilter_extend(struct devfilter *ret_replaced, struct cgroupfs *fs, int version,
		     const char *path, const struct devfilter_extension *x, struct error *e)
{
	ret_replaced->fd = -1;
	if (version == 2 && !fs->yard)
		return extend_program(ret_replaced, fs, path, x, e);
	return extend_list(fs, path, x->policy, x->denied, e);
}

void devfilter_programs(const uint32_t **ret, size_t *ret_n, struct cgroupfs *fs, const char *path)
{
	uint32_t *ids = NULL;
	int fd;

	*ret = NULL;
	*ret_n = 0;
	if (!fs->yard && cgroupfs_dir(&fd, fs, "", path, NULL) == 0 &&
	    bpf_list(NULL, &ids, ret_n, fd, fs->arena, NULL) == 0)
		*ret = ids;
}

void devfilter_drop(struct cgroupfs *fs, const char *path)
{
	int fd;

	if (!fs->yard && cgroupfs_dir(&fd, fs, "", path, NULL) == 0)
		bpfset_remove(NULL, fd, fs->arena, NULL);
}

int devfilter_restore(struct cgroupfs *fs, int version, const char *path,
		      const struct devfilter_past *past, struct error *e)
{
	int fd, r;

	r = cgroupfs_dir(&fd, fs, version == 1 ? "devices" : "", path, e);
	if (r)
		return r < 0 ? -1 : 0; /* the group is gone, and its filter with it */
	if (version == 2 && !fs->yard)
		return restore_program(fs, path, past->old, past->replaced, past->before, e);
	return restore_list(fs, path, past, e);
}
