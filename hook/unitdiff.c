/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitdiff - what a unit that others made still lacks, and how it was before
 */
#include "hook/unitdiff.h"

#include <string.h>

#define DEVICE_LIST "DeviceAllow"
#define POLICY      "DevicePolicy"

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
	const struct unit_property want = *wanted;

	*ret = want;
	ret->items = NULL;
	ret->n_items = 0;
	for (size_t i = 0; i < want.n_items; i++) {
		struct unit_item item = want.items[i];
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

/* Does a DevicePolicy allow everything while there is no list? NULL: there is none. */
static bool is_auto(const struct unit_property *policy)
{
	return policy && policy->text && strcmp(policy->text, "auto") == 0;
}

static bool allows_everything(const struct unit_properties *live)
{
	const struct unit_property *list = unitprop_find(live, DEVICE_LIST);

	return is_auto(unitprop_find(live, POLICY)) && (!list || list->n_items == 0);
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

/* --- what the device list must not have --- */

/* The letters of one without those of the other. */
static const char *without(const char *one, const char *other, struct arena *a)
{
	char *letters = arena_alloc(a, sizeof("rwm"));
	size_t n = 0;

	for (const char *at = "rwm"; *at; at++)
		if (strchr(one, *at) && !strchr(other, *at))
			letters[n++] = *at;
	letters[n] = '\0';
	return letters;
}

/* The last list of that name, or an empty one. */
static struct unit_property device_list(const struct unit_properties *p)
{
	const struct unit_property *found = unitprop_find(p, DEVICE_LIST);

	return found ? *found : (struct unit_property){.name = DEVICE_LIST, .type = "a(ss)"};
}

static const char *letters_of(const struct unit_property *p, const char *key)
{
	const struct unit_item *item = find_item(p, key);

	return item && item->text ? item->text : "";
}

struct unit_properties unitdiff_surplus(const struct unit_properties *wanted,
					const struct unit_properties *live, struct arena *a)
{
	const struct unit_property want = device_list(wanted), is = device_list(live);
	struct unit_property surplus = {.name = DEVICE_LIST, .type = "a(ss)"};
	struct unit_properties ret = {0};

	if (!unitprop_find(wanted, DEVICE_LIST))
		return ret;
	for (size_t i = 0; i < is.n_items; i++) {
		const char *key = is.items[i].key;
		const char *more = without(letters_of(&is, key), letters_of(&want, key), a);

		if (*more)
			*ARENA_APPEND(a, surplus.items, surplus.n_items) =
			    (struct unit_item){.key = key, .text = more};
	}
	if (surplus.n_items)
		*ARENA_APPEND(a, ret.list, ret.n) = surplus;
	return ret;
}

static bool has_unwanted(const struct unit_property *live, const struct unit_property *unwanted)
{
	for (size_t i = 0; i < live->n_items; i++)
		if (live->items[i].text &&
		    strpbrk(letters_of(unwanted, live->items[i].key), live->items[i].text))
			return true;
	return false;
}

/* A list without some letters; an item that has none left is not in it. */
static struct unit_property strip(const struct unit_property *from,
				  const struct unit_property *unwanted, struct arena *a)
{
	struct unit_property list = *from;

	list.items = NULL;
	list.n_items = 0;
	for (size_t i = 0; i < from->n_items; i++) {
		struct unit_item item = from->items[i];

		item.text = without(item.text ? item.text : "", letters_of(unwanted, item.key), a);
		if (*item.text)
			*ARENA_APPEND(a, list.items, list.n_items) = item;
	}
	return list;
}

/*
 * Which policy goes with a list that is sent anew? The unit's own, unless another is wanted. One
 * that allows everything while the list is empty must not do so because the last entry has gone.
 */
static struct unit_property policy_anew(const struct unit_property *wanted,
					const struct unit_property *live, bool empty)
{
	struct unit_property policy = wanted ? *wanted : *live;

	if (!wanted && empty && is_auto(live))
		policy.text = "closed";
	return policy;
}

/* What the unit has and is to have, without what it must not have. want has nothing of that. */
static void list_anew(struct unit_properties *change, struct unit_properties *old,
		      const struct unit_properties *wanted, const struct unit_property *want,
		      const struct unit_properties *live, const struct unit_property *unwanted,
		      struct arena *a)
{
	const struct unit_property *named = unitprop_find(wanted, POLICY);
	const struct unit_property *is_policy = unitprop_find(live, POLICY);
	const struct unit_property is = device_list(live), kept = strip(&is, unwanted, a);
	struct unit_property list = *want, policy;

	list.items = NULL;
	list.n_items = 0;
	*ARENA_APPEND(a, change->list, change->n) = list;
	/* Any entry would close what is to be open. */
	for (size_t i = 0; !is_auto(named) && i < kept.n_items; i++) {
		struct unit_item item = kept.items[i];

		item.text = both(item.text, letters_of(want, item.key), a);
		*ARENA_APPEND(a, list.items, list.n_items) = item;
	}
	for (size_t i = 0; i < want->n_items; i++)
		if (!find_item(&list, want->items[i].key))
			*ARENA_APPEND(a, list.items, list.n_items) = want->items[i];
	if (is_policy) {
		policy = policy_anew(named, is_policy, list.n_items == 0);
		*ARENA_APPEND(a, change->list, change->n) = policy;
		if (!unitprop_equal(&policy, is_policy))
			keep_old(old, is_policy, a);
	}
	if (list.n_items)
		*ARENA_APPEND(a, change->list, change->n) = list;
	keep_old(old, &is, a);
}

/* --- the whole --- */

/* Is another policy wanted than the unit has? The list belongs to it. */
static bool is_other_policy(const struct unit_properties *wanted,
			    const struct unit_properties *live)
{
	const struct unit_property *named = unitprop_find(wanted, POLICY);
	const struct unit_property *is = unitprop_find(live, POLICY);

	return named && is && unitprop_find(live, DEVICE_LIST) && !unitprop_equal(named, is);
}

void unitdiff(struct unit_properties *change, struct unit_properties *old,
	      const struct unit_properties *wanted, const struct unit_properties *live,
	      const struct unit_properties *unwanted, struct arena *a)
{
	const struct unit_property listed = device_list(wanted), has = device_list(live);
	const struct unit_property not_want = device_list(unwanted);
	const struct unit_property want = strip(&listed, &not_want, a);
	bool anew = has_unwanted(&has, &not_want) || is_other_policy(wanted, live);

	*change = *old = (struct unit_properties){0};
	if (anew)
		list_anew(change, old, wanted, &want, live, &not_want, a);
	for (size_t i = 0; i < wanted->n; i++) {
		struct unit_property p = wanted->list[i];
		const struct unit_property *is = unitprop_find(live, p.name);

		if (!is || unitprop_find(wanted, p.name) != &wanted->list[i])
			continue;
		if (strcmp(p.name, DEVICE_LIST) == 0) {
			if (anew || allows_everything(live))
				continue;
			p = want;
		}
		if (strcmp(p.name, POLICY) == 0 && unitprop_find(change, p.name))
			continue;
		if (is_list(&p) ? missing_items(&p, &p, is, a) == 0 : unitprop_equal(&p, is))
			continue;
		*ARENA_APPEND(a, change->list, change->n) = p;
		keep_old(old, is, a);
	}
}

/* --- back --- */

/* Was a list sent empty first, to be written anew? */
static bool is_cleared(const struct unit_properties *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->list[i].name, name) == 0 && set->list[i].n_items == 0)
			return true;
	return false;
}

/* Is an item of the list still what was sent? */
static bool is_as_set(const struct unit_item *item, const struct unit_item *set)
{
	return set && set->number == item->number &&
	       (!set->text || (item->text && strcmp(set->text, item->text) == 0));
}

/* The list as it is now, without what was added, with what an added item had replaced, and, where
 * it was written anew, with what was left out. */
static void list_back(struct unit_properties *back, const struct unit_property *old,
		      const struct unit_property *set, const struct unit_property *live, bool anew,
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
	for (size_t i = 0; anew && old && i < old->n_items; i++)
		if (!find_item(set, old->items[i].key) && !find_item(live, old->items[i].key))
			*ARENA_APPEND(a, list.items, list.n_items) = old->items[i];
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

		if (!is || unitprop_find(set, p->name) != p)
			continue;
		if (is_list(p))
			list_back(back, was, p, is, is_cleared(set, p->name), a);
		else if (was && unitprop_equal(is, p))
			*ARENA_APPEND(a, back->list, back->n) = *was;
	}
}
