/* SPDX-License-Identifier: Apache-2.0 */
/*
 * others - does a process belong to another container on record?
 */
#include "hook/others.h"

#include <string.h>

#include "hook/cgpath.h"

/* What the text of a record that claims the process has in it. */
struct words {
	const char **list;
	size_t n;
};

static void add_word(struct words *w, const char *word, struct arena *a)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->list[i], word) == 0)
			return;
	*ARENA_APPEND(a, w->list, w->n) = word;
}

static struct words words_of(const struct facts_process *p, struct arena *a)
{
	struct words w = {0};

	add_word(&w, arena_printf(a, "\"pid\":%lld,", (long long)p->pid), a);
	for (size_t i = 0; i < p->n_cgroups; i++)
		for (const char *at = p->cgroups[i].path; at && strcmp(at, "/") != 0;
		     at = cgpath_parent(a, at))
			add_word(&w, arena_printf(a, "\"%s\"", at), a);
	return w;
}

static bool mentions(const char *text, const struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (strstr(text, w->list[i]))
			return true;
	return false;
}

static bool is_same(const struct facts_process *x, const struct facts_process *y)
{
	return x->pid == y->pid && x->start == y->start;
}

static bool is_inside(const struct record *r, const struct facts_process *p)
{
	for (size_t i = 0; i < p->n_cgroups; i++) {
		const char *init = facts_process_path(&r->init, p->cgroups[i].hierarchy);

		if (cgpath_within(p->cgroups[i].path, r->path))
			return true;
		/* A runtime may have another base in each hierarchy. */
		if (r->mode == MODE_ADOPT && init && strcmp(init, "/") != 0 &&
		    cgpath_within(p->cgroups[i].path, init))
			return true;
	}
	return false;
}

static bool claims(const struct record *r, const struct facts_process *p)
{
	bool is_known = is_same(&r->vm, p) || is_same(&r->init, p);

	for (size_t i = 0; i < r->n_added; i++)
		is_known |= is_same(&r->added[i], p);
	return is_known || is_inside(r, p);
}

int others_find(const char **ret_id, const struct store *s, const struct record *r,
		const struct facts_process *p, struct arena *a, struct error *e)
{
	const struct words words = words_of(p, a);
	const char **ids;
	size_t n;

	if (store_list(&ids, &n, s, a, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct arena each = {0};
		struct record other;
		const char *text;
		bool is_his;

		if (strcmp(ids[i], r->id) == 0)
			continue;
		is_his = store_text(&text, s, ids[i], &each) == 0 && mentions(text, &words) &&
			 store_load(&other, s, ids[i], &each, NULL) == 0 && claims(&other, p);
		arena_free(&each);
		if (is_his) {
			*ret_id = ids[i];
			return 0;
		}
	}
	return OTHERS_NONE;
}
