/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step_write - one value into one control file, and what to do when it is refused
 *
 * What a file is known for (quirks.h) decides: a partner whose old value stands
 * in the way, a twin of which one is enough, a value that must be read back, a
 * hint for the message. Nothing else is retried.
 */
#include <errno.h>
#include <string.h>

#include "hook/apply.h"
#include "hook/cgpath.h"
#include "hook/log.h"
#include "hook/quirks.h"

static struct record_step *find_write(struct apply *ap, const struct plan_step *like,
				      const char *file, bool same_device)
{
	for (size_t i = 0; i < ap->record->n_steps; i++) {
		struct plan_step *s = &ap->record->steps[i].step;
		size_t n = strcspn(like->value, " ");

		if (s->op != PLAN_WRITE || strcmp(s->path, like->path) != 0 ||
		    strcmp(s->file, file) != 0)
			continue;
		if (same_device && !like->value[n] != !s->value[strcspn(s->value, " ")])
			continue; /* the default of all devices is no device's */
		if (!same_device ||
		    (strncmp(s->value, like->value, n) == 0 && s->value[n] == ' ') ||
		    like->value[n] == '\0')
			return &ap->record->steps[i];
	}
	return NULL;
}

static int write_value(struct apply *ap, const struct plan_step *s, struct error *e)
{
	return cgroupfs_write(ap->fs, s->controller, s->path, s->file, s->value, e);
}

/* The old value of the partner stands in the way: take the partner's step first. */
static int retry_after_partner(struct apply *ap, const struct plan_step *s, const struct quirk *q,
			       struct error *e)
{
	struct record_step *partner = find_write(ap, s, q->partner, false);
	struct error ignored;

	if (!partner || write_value(ap, &partner->step, &ignored) < 0)
		return -1;
	if (write_value(ap, s, e) == 0)
		return 0;
	/* The partner's own step was not reached: nobody else will put it back. */
	if (partner->old)
		cgroupfs_write(ap->fs, s->controller, s->path, q->partner, partner->old, &ignored);
	return -1;
}

/* Did an earlier step write this file? Then what it held before setup is not what it holds. */
static bool was_written(const struct apply *ap, const struct record_step *s)
{
	for (const struct record_step *before = ap->record->steps; before < s; before++)
		if (before->step.op == PLAN_WRITE && strcmp(before->step.path, s->step.path) == 0 &&
		    strcmp(before->step.file, s->step.file) == 0)
			return true;
	return false;
}

/*
 * EOPNOTSUPP from one of two weight files is no failure while the other took the
 * wish: each device obeys one of them.
 */
static bool twin_may_take_it(struct apply *ap, struct record_step *s, const struct quirk *q)
{
	struct record_step *twin = find_write(ap, &s->step, q->twin, true);
	size_t me = (size_t)(s - ap->record->steps), other;

	if (!twin)
		return false;
	other = (size_t)(twin - ap->record->steps);
	ap->given_up[me] = true;
	return !ap->given_up[other];
}

/* A missing v2 file mostly means a missing controller: find the ancestor that lacks it. */
static void explain_missing(struct apply *ap, const struct plan_step *s, struct error *e)
{
	size_t n = strcspn(s->file, ".");
	const char *controller = arena_copy(ap->arena, s->file, n);
	const char *list = "";

	if (strcmp(controller, "cgroup") == 0)
		return;
	for (size_t i = 0; i < cgpath_depth(s->path); i++) {
		const char *part = cgpath_head(ap->arena, s->path, i);
		if (cgroupfs_read(&list, ap->fs, "", part, "cgroup.subtree_control", NULL))
			return;
		if (facts_lists(list, controller, n))
			continue;
		error_add(e, "; the %s controller is not enabled in %s (it hands down: %s)",
			  controller, cgroupfs_path(ap->fs, "", part, "cgroup.subtree_control"),
			  *list ? list : "nothing");
		return;
	}
}

static int explain(struct apply *ap, const struct plan_step *s, const struct quirk *q,
		   struct error *e)
{
	int version = apply_version(ap, s), os = e->os;
	const char *hint = quirks_hint(version, s->file, os);
	const char *usage;

	if (version == 2 && os == ENOENT)
		explain_missing(ap, s, e);
	if (os == EBUSY && q && q->usage_file &&
	    cgroupfs_read(&usage, ap->fs, s->controller, s->path, q->usage_file, NULL) == 0)
		error_add(e, "; %s says %s", q->usage_file, usage);
	if (hint)
		error_add(e, "; %s", hint);
	return -1;
}

static int verify(struct apply *ap, const struct plan_step *s, const struct quirk *q,
		  struct error *e)
{
	const char *live;
	int r;

	r = cgroupfs_read(&live, ap->fs, s->controller, s->path, q->verify_file, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (quirks_verified(q, s->value, live, ap->page_size))
		return 0;
	return error_set(
	    e, ERROR_FAILED, "%s: the kernel took \"%s\" but did not apply it: %s reads \"%s\"",
	    cgroupfs_path(ap->fs, s->controller, s->path, s->file), s->value, q->verify_file, live);
}

/* Does the value stand already? What was read before systemd wrote the unit's files anew tells
 * nothing. */
static bool stands(struct apply *ap, const struct record_step *s)
{
	const char *live = s->old;

	if (!s->old || was_written(ap, s) ||
	    (ap->change.n && cgroupfs_read(&live, ap->fs, s->step.controller, s->step.path,
					   s->step.file, NULL) != 0))
		return false;
	return quirks_same(apply_version(ap, &s->step), s->step.file, s->step.value, live,
			   ap->page_size);
}

int step_write(struct apply *ap, struct record_step *s, struct error *e)
{
	int version = apply_version(ap, &s->step);
	const struct quirk *q = quirks_find(version, s->step.file);
	int r;

	if (stands(ap, s))
		return 0;
	r = write_value(ap, &s->step, e);
	if (r < 0 && q && q->partner && (e->os == EINVAL || e->os == EBUSY))
		r = retry_after_partner(ap, &s->step, q, e);
	if (r < 0 && q && q->twin && e->os == EOPNOTSUPP && twin_may_take_it(ap, s, q)) {
		log_debug("%s: not supported here, %s decides", s->step.file, q->twin);
		return 0;
	}
	if (r < 0)
		return explain(ap, &s->step, q, e);
	return q && q->verify_file ? verify(ap, &s->step, q, e) : 0;
}
