/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfilter_list - the v1 device list of one group, brought to a policy
 *
 * A group whose default is allow does not tell its exceptions. Who knows what the group was
 * brought to before says so, and then only the difference is written; else the list is
 * written anew.
 */
#include <errno.h>
#include <string.h>

#include "hook/cgpath.h"
#include "hook/devfilter_work.h"

int devfilter_list_read(struct devlist_state *ret, struct cgroupfs *fs, const char *path,
			struct error *e)
{
	const char *text;
	int r;

	r = cgroupfs_read(&text, fs, "devices", path, DEVFILTER_LIST, e);
	if (r < 0)
		return -1;
	if (r && fs->yard) /* nobody has written to it yet */
		text = "a *:* rwm";
	else if (r)
		return error_set_os(e, ERROR_FAILED, ENOENT, "%s: cannot read",
				    cgroupfs_path(fs, "devices", path, DEVFILTER_LIST));
	return devlist_parse(ret, text, cgroupfs_path(fs, "devices", path, NULL), fs->arena, e);
}

static int write_rule(struct cgroupfs *fs, const char *path, const struct devlist_write *w,
		      struct error *e)
{
	if (cgroupfs_write(fs, "devices", path, w->file, w->text, e) == 0)
		return 0;
	if (e->os == EPERM)
		error_add(
		    e, "; an ancestor does not allow this device: see %s",
		    cgroupfs_path(fs, "devices", cgpath_parent(fs->arena, path), DEVFILTER_LIST));
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
	if (devfilter_list_read(&now, fs, path, e) < 0)
		return -1;
	if (devlist_matches(&now, to, fs->arena))
		return 0;
	return error_set(e, ERROR_FAILED, "%s: the kernel's list is not what was written to it",
			 cgroupfs_path(fs, "devices", path, DEVFILTER_LIST));
}

int devfilter_list_set(struct cgroupfs *fs, const char *path, const struct device_policy *policy,
		       const struct device_policy *was, struct error *e)
{
	struct devlist_state live = {0};

	if (devfilter_list_read(&live, fs, path, e) < 0)
		return -1;
	if (live.allow && was && was->allow) {
		live.entries = was->entries;
		live.n = was->n;
		live.exceptions_known = true;
	}
	return set_list(fs, path, &live, policy, e);
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

int devfilter_list_extend(struct cgroupfs *fs, const char *path,
			  const struct devfilter_extension *x, struct error *e)
{
	struct devlist_state live = {0};
	struct device_policy to = {0};

	if (devfilter_list_read(&live, fs, path, e) < 0)
		return -1;
	if (live.allow || x->policy->allow)
		return 0; /* nothing is filtered here, or nothing has to be granted */
	if (extended(&to, &live, x->policy, x->denied, fs->arena, e) < 0)
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

int devfilter_list_restore(struct cgroupfs *fs, const char *path, const struct devfilter_past *past,
			   struct error *e)
{
	struct devlist_state live = {0}, was = {0};
	struct device_policy to = {0}, extension = {0};

	if (devfilter_list_read(&live, fs, path, e) < 0 ||
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
