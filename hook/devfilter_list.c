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

/* --- a list that others made, closed --- */

/* What the entry of the same key in a list grants; 0 when there is none. */
static unsigned granted(const struct device_policy *p, const struct device_entry *key)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->entries[i].type == key->type && p->entries[i].major == key->major &&
		    p->entries[i].minor == key->minor)
			return p->entries[i].access;
	return 0;
}

/* Append the bits of an entry that are not to be taken out. */
static void keep(struct device_policy *to, struct device_entry d, unsigned without, struct arena *a)
{
	d.access &= ~without;
	if (d.access)
		*ARENA_APPEND(a, to->entries, to->n) = d;
}

/* The list with what we need added, and what was needed before and what is denied taken out, in
 * normal form. */
static int extended(struct device_policy *ret, const struct devlist_state *live,
		    const struct devfilter_extension *x, struct arena *a, struct error *e)
{
	const struct device_policy none = {0};
	const struct device_policy former =
	    x->former && !x->former->allow ? devlist_close(x->former, a) : none;
	struct device_policy to = {0};

	for (size_t i = 0; i < live->n; i++)
		keep(&to, live->entries[i], granted(&former, &live->entries[i]), a);
	for (size_t i = 0; !x->policy->allow && i < x->policy->n; i++)
		keep(&to, x->policy->entries[i], 0, a);
	for (size_t i = 0; i < x->denied->n; i++) {
		const struct device_entry *d = &x->denied->entries[i];
		const struct oci_device_rule rule = {
		    .type = d->type, .major = d->major, .minor = d->minor, .access = d->access};

		if (devrules_add(&to, &rule, d->why, a, e) < 0)
			return -1;
	}
	devrules_normalise(&to);
	*ret = to;
	return 0;
}

/*
 * The live list without what we added, and with what we took out: what others changed since stays
 * as they have it.
 */
static struct device_policy reduced(const struct devlist_state *live,
				    const struct devlist_state *was,
				    const struct devfilter_past *past, struct arena *a)
{
	const struct device_policy none = {0};
	const struct device_policy first = {.entries = was->entries, .n = was->n};
	const struct device_policy is = {.entries = live->entries, .n = live->n};
	const struct device_policy ours = past->policy->allow ? none : *past->policy;
	const struct device_policy former =
	    past->former && !past->former->allow ? *past->former : none;
	const struct device_policy added = devlist_close(&ours, a),
				   more = devlist_close(&former, a);
	struct device_policy to = {0};

	for (size_t i = 0; i < live->n; i++) {
		const struct device_entry *d = &live->entries[i];

		keep(&to, *d, (granted(&added, d) | granted(&more, d)) & ~granted(&first, d), a);
	}
	/* Taken out: what is denied, and what the config had allowed until its rules changed. */
	for (size_t i = 0; i < was->n; i++) {
		const struct device_entry *d = &was->entries[i];
		unsigned taken =
		    granted(past->denied, d) | (granted(past->before, d) & ~granted(&ours, d));

		keep(&to, *d, ~(taken & ~granted(&is, d)), a);
	}
	devrules_normalise(&to);
	return to;
}

/* --- one that is open --- */

/* The exceptions that are ours: a policy's own, and what is denied besides. */
static struct device_policy exceptions(const struct device_policy *policy,
				       const struct device_policy *denied, struct arena *a)
{
	struct device_policy to = {.allow = true};

	for (size_t i = 0; policy->allow && i < policy->n; i++)
		*ARENA_APPEND(a, to.entries, to.n) = policy->entries[i];
	for (size_t i = 0; i < denied->n; i++)
		*ARENA_APPEND(a, to.entries, to.n) = denied->entries[i];
	devrules_normalise(&to);
	return to;
}

/* Others' exceptions, which cannot be read, stay. */
static int change_exceptions(struct cgroupfs *fs, const char *path,
			     const struct device_policy *from, const struct device_policy *to,
			     struct error *e)
{
	const struct devlist_state known = {
	    .allow = true, .exceptions_known = true, .entries = from->entries, .n = from->n};

	return set_list(fs, path, &known, to, e);
}

static int extend_open(struct cgroupfs *fs, const char *path, const struct devfilter_extension *x,
		       struct error *e)
{
	const struct device_policy open = {.allow = true};
	struct device_policy from = open, to;

	if (x->former && x->former->allow && !x->policy->allow)
		return error_set(e, ERROR_FAILED,
				 "%s: allows everything; to narrow it to a few devices the kernel "
				 "denies all of them for a moment, which a running VM is not put "
				 "through: let the runtime set these rules",
				 cgroupfs_path(fs, "devices", path, DEVFILTER_LIST));
	if (x->former) {
		from = exceptions(x->former, x->former_denied, fs->arena);
		to = exceptions(x->policy, x->denied, fs->arena);
	} else {
		to = exceptions(&open, x->denied, fs->arena); /* the config's are the runtime's */
	}
	return change_exceptions(fs, path, &from, &to, e);
}

/* Back to the config's own exceptions, without what was denied besides. */
static int restore_open(struct cgroupfs *fs, const char *path, const struct devfilter_past *past,
			struct error *e)
{
	const struct device_policy open = {.allow = true};
	struct device_policy from = exceptions(past->policy, past->denied, fs->arena);
	struct device_policy to =
	    exceptions(past->before, past->partial ? past->before_denied : &open, fs->arena);

	return change_exceptions(fs, path, &from, &to, e);
}

/* --- either --- */

int devfilter_list_extend(struct cgroupfs *fs, const char *path,
			  const struct devfilter_extension *x, struct error *e)
{
	struct devlist_state live = {0};
	struct device_policy to = {0};

	if (devfilter_list_read(&live, fs, path, e) < 0)
		return -1;
	if (live.allow)
		return extend_open(fs, path, x, e);
	if (x->policy->allow && x->former && !x->former->allow)
		return set_list(fs, path, &live, x->policy, e);
	if (extended(&to, &live, x, fs->arena, e) < 0)
		return -1;
	return set_list(fs, path, &live, &to, e);
}

int devfilter_list_restore(struct cgroupfs *fs, const char *path, const struct devfilter_past *past,
			   struct error *e)
{
	struct devlist_state live = {0}, was = {0};
	struct device_policy to = {0};
	bool below = false;

	if (devfilter_list_read(&live, fs, path, e) < 0 ||
	    devlist_parse(&was, past->old, path, fs->arena, e) < 0)
		return -1;
	/* What is open tells no exceptions: those that are ours are known. Of a group of our own
	 * that goes, nothing has to be put back. */
	if (live.allow && was.allow)
		return past->adopted || past->partial ? restore_open(fs, path, past, e) : 0;
	/* Others closed it since, or opened it. */
	if (was.allow && past->adopted && !past->partial)
		return 0;
	if (live.allow && !past->policy->allow)
		return 0;
	if (live.allow && has_children(&below, fs, path, e) < 0)
		return -1;
	if (live.allow && below && !past->partial)
		return 0; /* the kernel lets nobody close it now */
	to = (struct device_policy){.allow = was.allow, .entries = was.entries, .n = was.n};
	devrules_normalise(&to);
	if (past->adopted && !past->partial && !live.allow)
		to = reduced(&live, &was, past, fs->arena);
	return set_list(fs, path, &live, &to, e);
}
