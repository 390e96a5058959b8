/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitdrift - where a unit's properties are not those of the record
 */
#include "hook/unitdrift.h"

#include <string.h>

#include "hook/unitdiff.h"

/* What a scope is started with, which limits nothing. */
static bool is_history(const char *name)
{
	static const char *const names[] = {
	    "PIDs",     "Slice",       "Description",    "DefaultDependencies",
	    "Delegate", "CollectMode", "TimeoutStopUSec"};
	static const char tail[] = "Accounting";
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return n >= strlen(tail) && strcmp(name + n - strlen(tail), tail) == 0;
}

const char *const *unitdrift_names(const struct unit_properties *wanted, struct arena *a)
{
	static const char *const devices[] = {"DevicePolicy", "DeviceAllow", NULL};
	const char **names = arena_alloc(a, wanted->n * sizeof(*names) + sizeof(devices));
	size_t n = 0;

	for (size_t i = 0; i < wanted->n; i++)
		if (!is_history(wanted->list[i].name))
			names[n++] = wanted->list[i].name;
	memcpy(names + n, devices, sizeof(devices));
	return names;
}

static const char *value_text(const struct unit_property *p, struct arena *a)
{
	struct text out = {0};
	const char *copy;

	unitprop_text(p, &out);
	copy = arena_printf(a, "%s", out.s ? out.s : "");
	text_free(&out);
	return copy;
}

static const char *item_text(const struct unit_item *item, struct arena *a)
{
	if (item->text)
		return arena_printf(a, "%s %s", item->key, item->text);
	if (item->number == UNITPROP_INFINITY)
		return arena_printf(a, "%s infinity", item->key);
	return arena_printf(a, "%s %llu", item->key, (unsigned long long)item->number);
}

static const struct unit_item *find_item(const struct unit_property *p, const char *key)
{
	for (size_t i = 0; p && i < p->n_items; i++)
		if (strcmp(p->items[i].key, key) == 0)
			return &p->items[i];
	return NULL;
}

static const char *found_text(const struct unit_property *p, const char *key, struct arena *a)
{
	const struct unit_item *item = find_item(p, key);

	return item ? item_text(item, a) : NULL;
}

/* Of letters each counts by itself. */
static bool has_all(const struct unit_item *item, const struct unit_item *wanted)
{
	if (!item || !wanted->text || !item->text)
		return item && item->number == wanted->number;
	return strspn(wanted->text, item->text) == strlen(wanted->text);
}

static void add(struct drift *d, const struct unitdrift *u, const struct unit_property *p,
		const char *recorded, const char *live, const char *why)
{
	drift_add(d, DRIFT_UNIT, arena_printf(d->arena, "%s %s", u->unit, p->name), recorded, live,
		  why ? why : "unit");
}

/* What the unit lacks of one property that would have to be set. */
static void add_lacking(struct drift *d, const struct unitdrift *u, const char *name)
{
	const struct unit_property *wanted = unitprop_find(u->wanted, name);
	const struct unit_property *live = unitprop_find(u->live, name);

	if (!wanted || !live || unitprop_equal(wanted, live))
		return; /* it would be sent along with another, as it is */
	if (strncmp(wanted->type, "a(", 2) != 0)
		add(d, u, wanted, value_text(wanted, d->arena), value_text(live, d->arena),
		    wanted->why);
	else
		for (size_t i = 0; i < wanted->n_items; i++)
			if (!has_all(find_item(live, wanted->items[i].key), &wanted->items[i]))
				add(d, u, wanted, item_text(&wanted->items[i], d->arena),
				    found_text(live, wanted->items[i].key, d->arena), wanted->why);
}

/* What the device list has beyond what is wanted. */
static void add_surplus(struct drift *d, const struct unitdrift *u)
{
	const struct unit_properties surplus = unitdiff_surplus(u->wanted, u->live, d->arena);

	for (size_t i = 0; i < surplus.n; i++) {
		const struct unit_property *p = &surplus.list[i];
		const struct unit_property *wanted = unitprop_find(u->wanted, p->name);
		const struct unit_property *live = unitprop_find(u->live, p->name);

		for (size_t k = 0; k < p->n_items; k++) {
			const char *key = p->items[k].key;
			const struct unit_item *want = find_item(wanted, key);

			/* One that lacks letters as well has its row. */
			if (!want || has_all(find_item(live, key), want))
				add(d, u, p, want ? item_text(want, d->arena) : NULL,
				    found_text(live, key, d->arena), wanted->why);
		}
	}
}

/* What is denied, and the device list of others has. */
static void add_denied(struct drift *d, const struct unitdrift *u, const struct device_entry *key)
{
	const char *name =
	    arena_printf(d->arena, "/dev/%s/%lld:%lld", key->type == 'b' ? "block" : "char",
			 (long long)key->major, (long long)key->minor);

	for (size_t i = 0; i < u->numbered->n_items; i++) {
		const struct unit_item *item = &u->numbered->items[i];

		if (strcmp(item->key, name) == 0 && item->text &&
		    strpbrk(item->text, devrules_access(key->access)))
			add(d, u, u->numbered, NULL, item_text(item, d->arena), key->why);
	}
}

void unitdrift_compare(struct drift *d, const struct unitdrift *u)
{
	const struct unit_properties nothing = {0};
	struct unit_properties wanted = {0}, lacking, old;

	for (size_t i = 0; i < u->wanted->n; i++)
		if (!is_history(u->wanted->list[i].name))
			*ARENA_APPEND(d->arena, wanted.list, wanted.n) = u->wanted->list[i];
	unitdiff(&lacking, &old, &wanted, u->live, &nothing, d->arena);
	for (size_t i = 0; i < lacking.n; i++)
		if (unitprop_find(&lacking, lacking.list[i].name) == &lacking.list[i])
			add_lacking(d, u, lacking.list[i].name);
	if (u->own)
		add_surplus(d, u);
	for (size_t i = 0; !u->own && u->denied && u->numbered && i < u->denied->n; i++)
		add_denied(d, u, &u->denied->entries[i]);
}
