/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_merge - a record after more steps were taken for its container
 */
#include "hook/record_merge.h"

#include <string.h>

#include "hook/quirks.h"
#include "hook/unitdiff.h"

/* A part of a text. */
struct word {
	const char *s;
	size_t len;
};

static bool is_value(const struct plan_step *s)
{
	return s->op == PLAN_WRITE || s->op == PLAN_VERIFY;
}

/* The name of the line that a value is: its first word, and of a lone value the default's. */
static struct word line_name(const char *value)
{
	size_t n = strcspn(value, " ");

	if (!value[n])
		return (struct word){"default", strlen("default")};
	return (struct word){value, n};
}

/* "8:0 rbps=1 wiops=2": is name ("rbps=") among what a line is about? */
static bool is_about(const char *line, const char *name, size_t n)
{
	for (const char *at = line; (at = strchr(at, ' ')); at += strspn(at, " "))
		if (strncmp(at + strspn(at, " "), name, n) == 0)
			return true;
	return false;
}

/* Is all that one line of pairs is about in another, too? Each pair is a wish of its own. */
static bool is_covered(const char *line, const char *by)
{
	for (const char *at = strchr(line, ' '); at; at = strchr(at, ' ')) {
		size_t n;

		at += strspn(at, " ");
		n = strcspn(at, "= ");
		if (*at && !is_about(by, at, n + (at[n] == '=')))
			return false;
	}
	return true;
}

/* Does the value of y replace that of x? Some files have a line for each device or size, and of
 * those some have several pairs in a line. */
static bool same_line(const struct record *r, const struct plan_step *x, const struct plan_step *y)
{
	const struct quirk *q = quirks_find(record_version(r, x->controller), x->file);
	const struct word one = line_name(x->value), other = line_name(y->value);

	if (!q || (q->readback != READBACK_LINES && q->readback != READBACK_PAIRS))
		return true;
	if (one.len != other.len || strncmp(one.s, other.s, one.len) != 0)
		return false;
	return q->readback == READBACK_LINES || is_covered(x->value, y->value);
}

/* Does step y set what x had set? */
static bool same_thing(const struct record *r, const struct plan_step *x, const struct plan_step *y)
{
	if (strcmp(x->controller, y->controller) != 0 || strcmp(x->path, y->path) != 0)
		return false;
	if (is_value(x) && is_value(y))
		return strcmp(x->file, y->file) == 0 && same_line(r, x, y);
	if (x->op != y->op)
		return false;
	switch (x->op) {
	case PLAN_MKDIR:
	case PLAN_DEVICES:
	case PLAN_START:
	case PLAN_SET: return true;
	case PLAN_INHERIT: return strcmp(x->file, y->file) == 0;
	case PLAN_PLACE:
	case PLAN_AFFINITY: return strcmp(x->value, y->value) == 0;
	default: return false; /* what was enabled later was not enabled before */
	}
}

/* --- a unit's properties, changed twice --- */

/* Those properties that are not there yet. */
static void add_absent(struct unit_properties *to, const struct unit_properties *from,
		       struct arena *a)
{
	const struct unit_properties before = *to;

	for (size_t i = 0; i < from->n; i++)
		if (!unitprop_find(&before, from->list[i].name))
			*ARENA_APPEND(a, to->list, to->n) = from->list[i];
}

static bool is_list(const struct unit_property *p)
{
	return strncmp(p->type, "a(", 2) == 0;
}

/* Is a list sent empty first, which clears it? */
static bool clears(const struct unit_properties *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->list[i].name, name) == 0 && is_list(&p->list[i]) &&
		    p->list[i].n_items == 0)
			return true;
	return false;
}

static bool has_item(const struct unit_property *p, const char *key)
{
	for (size_t i = 0; p && i < p->n_items; i++)
		if (strcmp(p->items[i].key, key) == 0)
			return true;
	return false;
}

/* One property of two sets that were sent one after the other: the later value; of lists, what
 * both added. */
static void send_both(struct unit_properties *to, const struct unit_properties *set,
		      const struct unit_properties *later, const char *name, struct arena *a)
{
	const struct unit_property *x = unitprop_find(set, name), *y = unitprop_find(later, name);
	struct unit_property both = y ? *y : *x;

	if (!is_list(&both)) {
		*ARENA_APPEND(a, to->list, to->n) = both;
		return;
	}
	both.items = NULL;
	both.n_items = 0;
	if (clears(set, name) || clears(later, name))
		*ARENA_APPEND(a, to->list, to->n) = both;
	for (size_t i = 0; x && !clears(later, name) && i < x->n_items; i++)
		if (!has_item(y, x->items[i].key))
			*ARENA_APPEND(a, both.items, both.n_items) = x->items[i];
	for (size_t i = 0; y && i < y->n_items; i++)
		*ARENA_APPEND(a, both.items, both.n_items) = y->items[i];
	if (both.n_items)
		*ARENA_APPEND(a, to->list, to->n) = both;
}

/*
 * What both changes are taken back to. Scalars: what the first one found. Lists: what taking back
 * the first would make of the list that the later one found, so that what others did to it in
 * between stays theirs. What only the later one touched is as that one found it.
 */
static struct unit_properties old_of_both(const struct unit_properties *old,
					  const struct unit_properties *set,
					  const struct unit_properties *later_old, struct arena *a)
{
	struct unit_properties both = {0}, back;

	for (size_t i = 0; i < old->n; i++)
		if (!is_list(&old->list[i]) || !unitprop_find(later_old, old->list[i].name))
			*ARENA_APPEND(a, both.list, both.n) = old->list[i];
	unitdiff_back(&back, old, set, later_old, a);
	for (size_t i = 0; i < back.n; i++)
		if (is_list(&back.list[i]))
			*ARENA_APPEND(a, both.list, both.n) = back.list[i];
	add_absent(&both, later_old, a);
	return both;
}

static int merge_set(struct record_step *to, const struct record_step *more, struct arena *a,
		     struct error *e)
{
	struct unit_properties old = {0}, set = {0}, later_old = {0}, later = {0}, sent = {0};

	if (!more->set)
		return 0;
	if (!to->set) {
		to->old = more->old;
		to->set = more->set;
		return 0;
	}
	if (unitprop_parse(&old, a, "record", to->old, strlen(to->old), e) < 0 ||
	    unitprop_parse(&set, a, "record", to->set, strlen(to->set), e) < 0 ||
	    unitprop_parse(&later_old, a, "record", more->old, strlen(more->old), e) < 0 ||
	    unitprop_parse(&later, a, "record", more->set, strlen(more->set), e) < 0)
		return -1;
	for (size_t i = 0; i < set.n; i++)
		if (unitprop_find(&set, set.list[i].name) == &set.list[i])
			send_both(&sent, &set, &later, set.list[i].name, a);
	for (size_t i = 0; i < later.n; i++)
		if (unitprop_find(&later, later.list[i].name) == &later.list[i] &&
		    !unitprop_find(&set, later.list[i].name))
			send_both(&sent, &set, &later, later.list[i].name, a);
	old = old_of_both(&old, &set, &later_old, a);
	to->old = unitprop_copy_text(&old, a);
	to->set = unitprop_copy_text(&sent, a);
	return 0;
}

/* --- the whole --- */

/* One file may have been set twice in one plan: what comes behind a step that has a new wish would
 * be taken for the last word. */
static void drop_replaced(struct record *r, const struct record_step *by)
{
	size_t kept = (size_t)(by - r->steps) + 1;

	for (size_t i = kept; i < r->n_steps; i++)
		if (!same_thing(r, &r->steps[i].step, &by->step))
			r->steps[kept++] = r->steps[i];
	r->n_steps = kept;
}

static int merge_step(struct record *ret, const struct record_step *s, struct arena *a,
		      struct error *e)
{
	struct record_step *same = NULL;

	for (size_t i = 0; i < ret->n_steps && !same; i++) {
		const struct plan_step *known = &ret->steps[i].step;

		/* A unit of our own goes with all that it was given. */
		if (s->step.op == PLAN_SET && known->op == PLAN_START)
			return 0;
		if (same_thing(ret, known, &s->step))
			same = &ret->steps[i];
	}
	if (!same) {
		*ARENA_APPEND(a, ret->steps, ret->n_steps) = *s;
		return 0;
	}
	if (s->step.op == PLAN_SET)
		return merge_set(same, s, a, e);
	/* Our own group was gone and is made anew. */
	if (s->step.op == PLAN_MKDIR)
		same->fresh |= s->fresh;
	if (is_value(&s->step)) {
		if (strcmp(same->step.value, s->step.value) != 0)
			same->prior = same->step.value;
		same->step = s->step;
		drop_replaced(ret, same);
	}
	return 0;
}

int record_merge(struct record *ret, const struct record *before, const struct record *more,
		 struct arena *a, struct error *e)
{
	ret->steps = NULL;
	ret->n_steps = 0;
	for (size_t i = 0; i < before->n_steps; i++)
		*ARENA_APPEND(a, ret->steps, ret->n_steps) = before->steps[i];
	for (size_t i = 0; i < more->n_steps; i++)
		if (merge_step(ret, &more->steps[i], a, e) < 0)
			return -1;
	return 0;
}
