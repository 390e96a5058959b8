/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitdiff - what a unit that others made still lacks, and how it was before
 */
#include "hook/unitdiff.h"

#include <string.h>

static bool is_list(const struct unit_property *p)
{
	return strncmp(p->type, "a(", 2) == 0;
}

static const struct unit_item *find_item(const struct unit_property *p, const char *key)
{
	for (size_t i = 0; i < p->n_items; i++)
		if (strcmp(p->items[i].key, key) == 0)
			return &p->items[i];
	return NULL;
}

/* The letters of both, in the kernel's order: of two entries for one device systemd keeps the
 * later. */
static const char *both(const char *one, const char *other, struct arena *a)
{
	char *letters = arena_alloc(a, sizeof("rwm"));
	size_t n = 0;

	for (const char *at = "rwm"; *at; at++)
		if (strchr(one, *at) || strchr(other, *at))
			letters[n++] = *at;
	letters[n] = '\0';
	return letters;
}

/* The items of wanted that live lacks; 0: none. */
static size_t missing_items(struct unit_property *ret, const struct unit_property *wanted,
			    const struct unit_property *live, struct arena *a)
{
	*ret = *wanted;
	ret->items = NULL;
	ret->n_items = 0;
	for (size_t i = 0; i < wanted->n_items; i++) {
		struct unit_item item = wanted->items[i];
		const struct unit_item *is = find_item(live, item.key);

		if (is && item.text && is->text) {
			item.text = both(item.text, is->text, a);
			if (strlen(item.text) == strlen(is->text))
				continue;
		} else if (is && item.number == is->number) {
			continue;
		}
		*ARENA_APPEND(a, ret->items, ret->n_items) = item;
	}
	return ret->n_items;
}

static bool allows_everything(const struct unit_properties *live)
{
	const struct unit_property *policy = unitprop_find(live, "DevicePolicy");
	const struct unit_property *list = unitprop_find(live, "DeviceAllow");

	return policy && policy->text && strcmp(policy->text, "auto") == 0 &&
	       (!list || list->n_items == 0);
}

/* An array is put back by clearing it first. */
static void keep_old(struct unit_properties *old, const struct unit_property *live, struct arena *a)
{
	if (is_list(live)) {
		struct unit_property *clear = ARENA_APPEND(a, old->list, old->n);

		*clear = (struct unit_property){.name = live->name, .type = live->type};
		if (live->n_items == 0)
			return;
	}
	*ARENA_APPEND(a, old->list, old->n) = *live;
}

void unitdiff(struct unit_properties *change, struct unit_properties *old,
	      const struct unit_properties *wanted, const struct unit_properties *live,
	      struct arena *a)
{
	*change = *old = (struct unit_properties){0};
	for (size_t i = 0; i < wanted->n; i++) {
		struct unit_property p = wanted->list[i];
		const struct unit_property *is = unitprop_find(live, p.name);

		if (!is || unitprop_find(wanted, p.name) != &wanted->list[i])
			continue;
		if (strcmp(p.name, "DeviceAllow") == 0 && allows_everything(live))
			continue;
		if (is_list(&p) ? missing_items(&p, &wanted->list[i], is, a) == 0
				: unitprop_equal(&p, is))
			continue;
		*ARENA_APPEND(a, change->list, change->n) = p;
		keep_old(old, is, a);
	}
}

/* --- back --- */

/* Is an item of the list still what was sent? */
static bool is_as_set(const struct unit_item *item, const struct unit_item *set)
{
	return set && set->number == item->number &&
	       (!set->text || (item->text && strcmp(set->text, item->text) == 0));
}

/* The list as it is now, without what was added and with what an added item had replaced. */
static void list_back(struct unit_properties *back, const struct unit_property *old,
		      const struct unit_property *set, const struct unit_property *live,
		      struct arena *a)
{
	struct unit_property list = *live;

	list.items = NULL;
	list.n_items = 0;
	for (size_t i = 0; i < live->n_items; i++) {
		const struct unit_item *item = &live->items[i];
		const struct unit_item *was = old ? find_item(old, item->key) : NULL;

		if (!is_as_set(item, find_item(set, item->key)))
			was = item;
		if (was)
			*ARENA_APPEND(a, list.items, list.n_items) = *was;
	}
	if (unitprop_equal(&list, live))
		return;
	*ARENA_APPEND(a, back->list, back->n) =
	    (struct unit_property){.name = live->name, .type = live->type};
	if (list.n_items)
		*ARENA_APPEND(a, back->list, back->n) = list;
}

void unitdiff_back(struct unit_properties *back, const struct unit_properties *old,
		   const struct unit_properties *set, const struct unit_properties *live,
		   struct arena *a)
{
	*back = (struct unit_properties){0};
	for (size_t i = 0; i < set->n; i++) {
		const struct unit_property *p = &set->list[i];
		const struct unit_property *was = unitprop_find(old, p->name);
		const struct unit_property *is = unitprop_find(live, p->name);

		if (!is)
			continue;
		if (is_list(p))
			list_back(back, was, p, is, a);
		else if (was && unitprop_equal(is, p))
			*ARENA_APPEND(a, back->list, back->n) = *was;
	}
}
