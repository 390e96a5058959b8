/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-unitdiff - what is sent to the runtime's unit, and what takes it back
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/unitdiff.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { MAX = 4 };

#define NUMBER(n, v)                                \
	{                                           \
		.name = n, .type = "t", .number = v \
	}
#define TEXT(n, v)                                \
	{                                         \
		.name = n, .type = "s", .text = v \
	}
#define LIST(n, t, ...)                                                           \
	{                                                                         \
		.name = n, .type = t, .items = (struct unit_item[]){__VA_ARGS__}, \
		.n_items = COUNT(((struct unit_item[]){__VA_ARGS__}))             \
	}
#define NO_ITEMS(n, t)               \
	{                            \
		.name = n, .type = t \
	}

#define KVM                                              \
	{                                                \
		.key = "/dev/char/10:232", .text = "rwm" \
	}
#define NULL_DEVICE                                   \
	{                                             \
		.key = "/dev/char/1:3", .text = "rwm" \
	}

static const struct {
	const char *what;
	struct unit_property wanted[MAX], live[MAX], change[MAX], old[MAX];
} cases[] = {
    {"the same number", {NUMBER("MemoryMax", 5)}, {NUMBER("MemoryMax", 5)}, {{0}}, {{0}}},
    {"another number",
     {NUMBER("MemoryMax", 5)},
     {NUMBER("MemoryMax", UNITPROP_INFINITY)},
     {NUMBER("MemoryMax", 5)},
     {NUMBER("MemoryMax", UNITPROP_INFINITY)}},
    {"a property that this systemd does not have",
     {NUMBER("MemoryZSwapMax", 5)},
     {NUMBER("MemoryMax", 1)},
     {{0}},
     {{0}}},
    {"only what differs",
     {NUMBER("TasksMax", 9), NUMBER("MemoryMax", 5), NUMBER("CPUWeight", 7)},
     {NUMBER("TasksMax", 9), NUMBER("MemoryMax", 6), NUMBER("CPUWeight", 7)},
     {NUMBER("MemoryMax", 5)},
     {NUMBER("MemoryMax", 6)}},
    {"of two wishes the last",
     {NUMBER("MemoryMax", 5), NUMBER("MemoryMax", 8)},
     {NUMBER("MemoryMax", 5)},
     {NUMBER("MemoryMax", 8)},
     {NUMBER("MemoryMax", 5)}},
    {"a device is added; the way back clears the list first",
     {LIST("DeviceAllow", "a(ss)", NULL_DEVICE, KVM)},
     {TEXT("DevicePolicy", "strict"), LIST("DeviceAllow", "a(ss)", NULL_DEVICE)},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {NO_ITEMS("DeviceAllow", "a(ss)"), LIST("DeviceAllow", "a(ss)", NULL_DEVICE)}},
    {"a device with fewer letters keeps those that it has",
     {LIST("DeviceAllow", "a(ss)", {.key = "/dev/char/10:232", .text = "w"})},
     {TEXT("DevicePolicy", "strict"),
      LIST("DeviceAllow", "a(ss)", {.key = "/dev/char/10:232", .text = "r"})},
     {LIST("DeviceAllow", "a(ss)", {.key = "/dev/char/10:232", .text = "rw"})},
     {NO_ITEMS("DeviceAllow", "a(ss)"),
      LIST("DeviceAllow", "a(ss)", {.key = "/dev/char/10:232", .text = "r"})}},
    {"more letters than wanted are no difference",
     {LIST("DeviceAllow", "a(ss)", {.key = "/dev/char/10:232", .text = "r"})},
     {TEXT("DevicePolicy", "strict"), LIST("DeviceAllow", "a(ss)", KVM)},
     {{0}},
     {{0}}},
    {"everything is allowed: a first entry would deny the rest",
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {TEXT("DevicePolicy", "auto"), NO_ITEMS("DeviceAllow", "a(ss)")},
     {{0}},
     {{0}}},
    {"auto with a list is closed",
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {TEXT("DevicePolicy", "auto"), LIST("DeviceAllow", "a(ss)", NULL_DEVICE)},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {NO_ITEMS("DeviceAllow", "a(ss)"), LIST("DeviceAllow", "a(ss)", NULL_DEVICE)}},
    {"strict with an empty list denies all: the way back is the empty list",
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {TEXT("DevicePolicy", "strict"), NO_ITEMS("DeviceAllow", "a(ss)")},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {NO_ITEMS("DeviceAllow", "a(ss)")}},
    {"the rate of one device",
     {LIST("IOReadBandwidthMax", "a(st)", {.key = "/dev/block/8:0", .number = 5},
	   {.key = "/dev/block/8:16", .number = 6})},
     {LIST("IOReadBandwidthMax", "a(st)", {.key = "/dev/block/8:0", .number = 5},
	   {.key = "/dev/block/8:16", .number = 7})},
     {LIST("IOReadBandwidthMax", "a(st)", {.key = "/dev/block/8:16", .number = 6})},
     {NO_ITEMS("IOReadBandwidthMax", "a(st)"),
      LIST("IOReadBandwidthMax", "a(st)", {.key = "/dev/block/8:0", .number = 5},
	   {.key = "/dev/block/8:16", .number = 7})}},
    {"a mask is replaced",
     {{.name = "AllowedCPUs", .type = "ay", .bytes = (const unsigned char *)"\3", .n_bytes = 1}},
     {{.name = "AllowedCPUs", .type = "ay", .bytes = (const unsigned char *)"\1", .n_bytes = 1}},
     {{.name = "AllowedCPUs", .type = "ay", .bytes = (const unsigned char *)"\3", .n_bytes = 1}},
     {{.name = "AllowedCPUs", .type = "ay", .bytes = (const unsigned char *)"\1", .n_bytes = 1}}},
};

static struct unit_properties as_list(const struct unit_property *p)
{
	struct unit_properties list = {.list = (struct unit_property *)p};

	while (list.n < MAX && p[list.n].name)
		list.n++;
	return list;
}

static bool same(const struct unit_properties *got, const struct unit_property *want)
{
	const struct unit_properties w = as_list(want);

	if (got->n != w.n)
		return false;
	for (size_t i = 0; i < w.n; i++)
		if (strcmp(got->list[i].name, w.list[i].name) != 0 ||
		    !unitprop_equal(&got->list[i], &w.list[i]))
			return false;
	return true;
}

static void test_diff(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct unit_properties change, old;
		struct unit_properties wanted = as_list(cases[i].wanted);
		struct unit_properties live = as_list(cases[i].live), none = {0};
		struct arena a = {0};

		unitdiff(&change, &old, &wanted, &live, &none, &a);
		if (!same(&change, cases[i].change) || !same(&old, cases[i].old)) {
			print_error("%s: %zu to change, %zu to keep\n", cases[i].what, change.n,
				    old.n);
			wrong++;
		}
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

#define ITEM(k, t)                  \
	{                           \
		.key = k, .text = t \
	}
#define DEVICES(...) LIST("DeviceAllow", "a(ss)", __VA_ARGS__)
#define CLEAR        NO_ITEMS("DeviceAllow", "a(ss)")
#define STRICT       TEXT("DevicePolicy", "strict")
#define AUTO         TEXT("DevicePolicy", "auto")
#define CLOSED       TEXT("DevicePolicy", "closed")

/* With letters that must not be there, and with another policy. */
static const struct {
	const char *what;
	struct unit_property wanted[MAX], unwanted[MAX], live[MAX], change[MAX], old[MAX];
} anews[] = {
    {"nothing unwanted is there",
     {DEVICES(KVM)},
     {DEVICES(ITEM("/dev/char/1:1", "rw"))},
     {STRICT, DEVICES(NULL_DEVICE)},
     {DEVICES(KVM)},
     {CLEAR, DEVICES(NULL_DEVICE)}},
    {"an item that must go: empty, policy, list",
     {DEVICES(KVM)},
     {DEVICES(ITEM("/dev/char/1:1", "rwm"))},
     {STRICT, DEVICES(NULL_DEVICE, ITEM("/dev/char/1:1", "rw"))},
     {CLEAR, STRICT, DEVICES(NULL_DEVICE, KVM)},
     {CLEAR, DEVICES(NULL_DEVICE, ITEM("/dev/char/1:1", "rw"))}},
    {"only the letters that must go",
     {DEVICES(NULL_DEVICE)},
     {DEVICES(ITEM("/dev/char/1:1", "w"))},
     {CLOSED, DEVICES(ITEM("/dev/char/1:1", "rwm"))},
     {CLEAR, CLOSED, DEVICES(ITEM("/dev/char/1:1", "rm"), NULL_DEVICE)},
     {CLEAR, DEVICES(ITEM("/dev/char/1:1", "rwm"))}},
    {"an item gains letters and loses others",
     {DEVICES(ITEM("/dev/char/1:1", "m"))},
     {DEVICES(ITEM("/dev/char/1:1", "w"))},
     {STRICT, DEVICES(ITEM("/dev/char/1:1", "rw"))},
     {CLEAR, STRICT, DEVICES(ITEM("/dev/char/1:1", "rm"))},
     {CLEAR, DEVICES(ITEM("/dev/char/1:1", "rw"))}},
    {"what must go goes although nothing is wanted",
     {NUMBER("MemoryMax", 5)},
     {DEVICES(KVM)},
     {STRICT, DEVICES(NULL_DEVICE, KVM), NUMBER("MemoryMax", 5)},
     {CLEAR, STRICT, DEVICES(NULL_DEVICE)},
     {CLEAR, DEVICES(NULL_DEVICE, KVM)}},
    {"what must not be there is not added either",
     {DEVICES(KVM, ITEM("/dev/char/1:1", "rw"))},
     {DEVICES(KVM, ITEM("/dev/char/1:1", "w"))},
     {STRICT, DEVICES(NULL_DEVICE)},
     {DEVICES(ITEM("/dev/char/1:1", "r"))},
     {CLEAR, DEVICES(NULL_DEVICE)}},
    {"nor to an item that is there without it",
     {DEVICES(ITEM("/dev/char/1:1", "rw"))},
     {DEVICES(ITEM("/dev/char/1:1", "w"))},
     {STRICT, DEVICES(ITEM("/dev/char/1:1", "r"))},
     {{0}},
     {{0}}},
    {"nor when the list is sent anew for another's sake",
     {DEVICES(KVM)},
     {DEVICES(NULL_DEVICE, KVM)},
     {STRICT, DEVICES(NULL_DEVICE, ITEM("/dev/char/1:1", "r"))},
     {CLEAR, STRICT, DEVICES(ITEM("/dev/char/1:1", "r"))},
     {CLEAR, DEVICES(NULL_DEVICE, ITEM("/dev/char/1:1", "r"))}},
    {"auto with a list is closed, and stays it when the last entry goes",
     {NUMBER("MemoryMax", 5)},
     {DEVICES(KVM)},
     {AUTO, DEVICES(KVM)},
     {CLEAR, CLOSED},
     {AUTO, CLEAR, DEVICES(KVM)}},
    {"auto with entries that stay is still auto",
     {NUMBER("MemoryMax", 5)},
     {DEVICES(KVM)},
     {AUTO, DEVICES(KVM, NULL_DEVICE)},
     {CLEAR, AUTO, DEVICES(NULL_DEVICE)},
     {CLEAR, DEVICES(KVM, NULL_DEVICE)}},
    {"strict without entries denies everything anyway",
     {NUMBER("MemoryMax", 5)},
     {DEVICES(KVM)},
     {STRICT, DEVICES(KVM)},
     {CLEAR, STRICT},
     {CLEAR, DEVICES(KVM)}},
    {"other properties are none of it",
     {DEVICES(NULL_DEVICE), NUMBER("MemoryMax", 5)},
     {DEVICES(KVM)},
     {STRICT, DEVICES(NULL_DEVICE, KVM), NUMBER("MemoryMax", 6)},
     {CLEAR, STRICT, DEVICES(NULL_DEVICE), NUMBER("MemoryMax", 5)},
     {CLEAR, DEVICES(NULL_DEVICE, KVM), NUMBER("MemoryMax", 6)}},
    {"a wanted policy that the unit has",
     {CLEAR, STRICT, DEVICES(KVM)},
     {{0}},
     {STRICT, DEVICES(NULL_DEVICE)},
     {DEVICES(KVM)},
     {CLEAR, DEVICES(NULL_DEVICE)}},
    {"closing a unit that was open: the list comes with the policy",
     {CLEAR, STRICT, DEVICES(KVM)},
     {{0}},
     {AUTO, CLEAR},
     {CLEAR, STRICT, DEVICES(KVM)},
     {AUTO, CLEAR}},
    {"a policy of a unit that tells no list",
     {CLEAR, STRICT, DEVICES(KVM)},
     {{0}},
     {AUTO},
     {STRICT},
     {AUTO}},
    {"opening a unit: any entry would keep it closed",
     {AUTO},
     {{0}},
     {STRICT, DEVICES(KVM, NULL_DEVICE)},
     {CLEAR, AUTO},
     {STRICT, CLEAR, DEVICES(KVM, NULL_DEVICE)}},
};

static void test_anew(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(anews); i++) {
		struct unit_properties wanted = as_list(anews[i].wanted);
		struct unit_properties unwanted = as_list(anews[i].unwanted);
		struct unit_properties live = as_list(anews[i].live), change, old;
		struct arena a = {0};

		unitdiff(&change, &old, &wanted, &live, &unwanted, &a);
		if (!same(&change, anews[i].change) || !same(&old, anews[i].old)) {
			print_error("%s\n  change %s\n  old    %s\n", anews[i].what,
				    unitprop_copy_text(&change, &a), unitprop_copy_text(&old, &a));
			wrong++;
		}
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	const char *what;
	struct unit_property wanted[MAX], live[MAX], surplus[MAX];
} surpluses[] = {
    {"the same", {DEVICES(KVM)}, {STRICT, DEVICES(KVM)}, {{0}}},
    {"less than wanted", {DEVICES(KVM, NULL_DEVICE)}, {DEVICES(NULL_DEVICE)}, {{0}}},
    {"an item more", {DEVICES(KVM)}, {DEVICES(KVM, NULL_DEVICE)}, {DEVICES(NULL_DEVICE)}},
    {"letters more",
     {DEVICES(ITEM("/dev/char/1:1", "r"), KVM)},
     {DEVICES(ITEM("/dev/char/1:1", "rwm"), KVM)},
     {DEVICES(ITEM("/dev/char/1:1", "wm"))}},
    {"none are wanted: all of it",
     {CLEAR, STRICT},
     {STRICT, DEVICES(KVM, NULL_DEVICE)},
     {DEVICES(KVM, NULL_DEVICE)}},
    {"of a wanted list that is cleared first the list counts",
     {CLEAR, STRICT, DEVICES(KVM)},
     {DEVICES(KVM, NULL_DEVICE)},
     {DEVICES(NULL_DEVICE)}},
    {"nothing is said about devices", {NUMBER("MemoryMax", 5)}, {DEVICES(KVM)}, {{0}}},
    {"the unit tells nothing about devices", {DEVICES(KVM)}, {NUMBER("MemoryMax", 5)}, {{0}}},
};

static void test_surplus(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(surpluses); i++) {
		struct unit_properties wanted = as_list(surpluses[i].wanted);
		struct unit_properties live = as_list(surpluses[i].live), got;
		struct arena a = {0};

		got = unitdiff_surplus(&wanted, &live, &a);
		if (!same(&got, surpluses[i].surplus)) {
			print_error("%s: %s\n", surpluses[i].what, unitprop_copy_text(&got, &a));
			wrong++;
		}
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	const char *what;
	struct unit_property old[MAX], set[MAX], live[MAX], back[MAX];
} backs[] = {
    {"a number that is still ours",
     {NUMBER("MemoryMax", 1)},
     {NUMBER("MemoryMax", 5)},
     {NUMBER("MemoryMax", 5)},
     {NUMBER("MemoryMax", 1)}},
    {"a number that somebody changed since",
     {NUMBER("MemoryMax", 1)},
     {NUMBER("MemoryMax", 5)},
     {NUMBER("MemoryMax", 7)},
     {{0}}},
    {"only the device that was added goes, somebody else's stays",
     {NO_ITEMS("DeviceAllow", "a(ss)"), LIST("DeviceAllow", "a(ss)", NULL_DEVICE)},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {LIST("DeviceAllow", "a(ss)", NULL_DEVICE, KVM, {.key = "/dev/char/195:0", .text = "rw"})},
     {NO_ITEMS("DeviceAllow", "a(ss)"),
      LIST("DeviceAllow", "a(ss)", NULL_DEVICE, {.key = "/dev/char/195:0", .text = "rw"})}},
    {"a device whose letters grew shrinks again",
     {NO_ITEMS("DeviceAllow", "a(ss)"),
      LIST("DeviceAllow", "a(ss)", {.key = "/dev/char/10:232", .text = "r"})},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {NO_ITEMS("DeviceAllow", "a(ss)"),
      LIST("DeviceAllow", "a(ss)", {.key = "/dev/char/10:232", .text = "r"})}},
    {"a device whose letters somebody changed since is theirs",
     {NO_ITEMS("DeviceAllow", "a(ss)")},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {LIST("DeviceAllow", "a(ss)", {.key = "/dev/char/10:232", .text = "rw"})},
     {{0}}},
    {"nothing of it is there any more",
     {NO_ITEMS("DeviceAllow", "a(ss)")},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {LIST("DeviceAllow", "a(ss)", NULL_DEVICE)},
     {{0}}},
    {"a list that was empty is empty again",
     {NO_ITEMS("DeviceAllow", "a(ss)")},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {LIST("DeviceAllow", "a(ss)", KVM)},
     {NO_ITEMS("DeviceAllow", "a(ss)")}},
    {"a property that the unit does not tell any more",
     {NUMBER("MemoryMax", 1)},
     {NUMBER("MemoryMax", 5)},
     {{0}},
     {{0}}},
    {"sent anew: what was left out comes back, what was added goes",
     {CLEAR, DEVICES(NULL_DEVICE, ITEM("/dev/char/1:1", "rw"))},
     {CLEAR, STRICT, DEVICES(NULL_DEVICE, KVM)},
     {STRICT, DEVICES(NULL_DEVICE, KVM)},
     {CLEAR, DEVICES(NULL_DEVICE, ITEM("/dev/char/1:1", "rw"))}},
    {"sent anew: letters that were left out come back",
     {CLEAR, DEVICES(ITEM("/dev/char/1:1", "rwm"))},
     {CLEAR, STRICT, DEVICES(ITEM("/dev/char/1:1", "rm"))},
     {STRICT, DEVICES(ITEM("/dev/char/1:1", "rm"))},
     {CLEAR, DEVICES(ITEM("/dev/char/1:1", "rwm"))}},
    {"sent anew: what others added since stays",
     {CLEAR, DEVICES(KVM, ITEM("/dev/char/1:1", "rw"))},
     {CLEAR, STRICT, DEVICES(KVM)},
     {STRICT, DEVICES(KVM, NULL_DEVICE)},
     {CLEAR, DEVICES(KVM, NULL_DEVICE, ITEM("/dev/char/1:1", "rw"))}},
    {"sent anew: what others removed since stays away",
     {CLEAR, DEVICES(NULL_DEVICE, KVM, ITEM("/dev/char/1:1", "rw"))},
     {CLEAR, STRICT, DEVICES(NULL_DEVICE, KVM)},
     {STRICT, DEVICES(KVM)},
     {CLEAR, DEVICES(KVM, ITEM("/dev/char/1:1", "rw"))}},
    {"sent anew: what others allowed again is theirs",
     {CLEAR, DEVICES(KVM, ITEM("/dev/char/1:1", "rw"))},
     {CLEAR, STRICT, DEVICES(KVM)},
     {STRICT, DEVICES(KVM, ITEM("/dev/char/1:1", "r"))},
     {{0}}},
    {"not sent anew: what others removed since stays away",
     {CLEAR, DEVICES(NULL_DEVICE, ITEM("/dev/char/1:1", "rw"))},
     {DEVICES(KVM)},
     {STRICT, DEVICES(NULL_DEVICE, KVM)},
     {CLEAR, DEVICES(NULL_DEVICE)}},
    {"sent as an empty list",
     {CLEAR, DEVICES(KVM)},
     {CLEAR},
     {STRICT, CLEAR},
     {CLEAR, DEVICES(KVM)}},
    {"the policy that was open is open again, and its list empty",
     {AUTO, CLEAR},
     {CLEAR, STRICT, DEVICES(KVM)},
     {STRICT, DEVICES(KVM)},
     {AUTO, CLEAR}},
    {"a policy that somebody changed since",
     {AUTO, CLEAR, DEVICES(KVM)},
     {CLEAR, CLOSED},
     {STRICT, CLEAR},
     {CLEAR, DEVICES(KVM)}},
};

static void test_back(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(backs); i++) {
		struct unit_properties old = as_list(backs[i].old), set = as_list(backs[i].set);
		struct unit_properties live = as_list(backs[i].live), back;
		struct arena a = {0};

		unitdiff_back(&back, &old, &set, &live, &a);
		if (!same(&back, backs[i].back)) {
			print_error("%s: %zu to put back\n", backs[i].what, back.n);
			wrong++;
		}
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

/* --- any three lists --- */

static const char *const keys[] = {"a", "b", "c", "d"};
static const char *const letters[] = {"r", "w", "m", "rw", "rm", "wm", "rwm"};
static const char *const policies[] = {"auto", "closed", "strict"};

static unsigned next(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed / 65536U % n;
}

/* A policy (the first, if it is to be there) and a list with some of the keys. */
struct some {
	struct unit_property list[2];
	struct unit_item items[COUNT(keys)];
	struct unit_properties all;
};

static void make_some(struct some *s, unsigned *seed, bool policy)
{
	*s = (struct some){.list = {TEXT("DevicePolicy", policies[next(seed, 3)]),
				    {.name = "DeviceAllow", .type = "a(ss)", .items = s->items}},
			   .all = {.list = s->list + !policy, .n = 1 + (size_t)policy}};
	for (size_t i = 0; i < COUNT(keys); i++)
		if (next(seed, 2))
			s->items[s->list[1].n_items++] = (struct unit_item){
			    .key = keys[i], .text = letters[next(seed, COUNT(letters))]};
}

/* Which letters does the list of a unit have for a key? */
static const char *letters_for(const struct unit_properties *p, const char *key)
{
	const struct unit_property *list = unitprop_find(p, "DeviceAllow");

	for (size_t i = 0; list && i < list->n_items; i++)
		if (strcmp(list->items[i].key, key) == 0)
			return list->items[i].text;
	return "";
}

/* One item sent: replaces that of its key, or comes last. */
static void send_item(struct unit_property *list, const struct unit_item *item, struct arena *a)
{
	for (size_t i = 0; i < list->n_items; i++) {
		if (strcmp(list->items[i].key, item->key) == 0) {
			list->items[i] = *item;
			return;
		}
	}
	*ARENA_APPEND(a, list->items, list->n_items) = *item;
}

/* The unit after a message, as systemd has it: an empty list clears. */
static struct unit_properties after(const struct unit_properties *live,
				    const struct unit_properties *sent, struct arena *a)
{
	struct unit_property *both = arena_alloc(a, 2 * sizeof(*both));
	const struct unit_property was = *unitprop_find(live, "DeviceAllow");

	both[0] = *unitprop_find(live, "DevicePolicy");
	both[1] = (struct unit_property){.name = was.name, .type = was.type};
	for (size_t i = 0; i < was.n_items; i++)
		send_item(&both[1], &was.items[i], a);
	for (size_t i = 0; i < sent->n; i++) {
		const struct unit_property *p = &sent->list[i];

		if (strcmp(p->name, "DevicePolicy") == 0)
			both[0] = *p;
		else if (p->n_items == 0)
			both[1].n_items = 0;
		for (size_t k = 0; k < p->n_items; k++)
			send_item(&both[1], &p->items[k], a);
	}
	return (struct unit_properties){both, 2};
}

/* "auto" without a list: everything is allowed. */
static bool is_open(const struct unit_properties *p)
{
	return strcmp(unitprop_find(p, "DevicePolicy")->text, "auto") == 0 &&
	       unitprop_find(p, "DeviceAllow")->n_items == 0;
}

static bool same_unit(const struct unit_properties *x, const struct unit_properties *y)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(letters_for(x, keys[i]), letters_for(y, keys[i])) != 0)
			return false;
	return unitprop_find(x, "DeviceAllow")->n_items ==
		   unitprop_find(y, "DeviceAllow")->n_items &&
	       unitprop_equal(unitprop_find(x, "DevicePolicy"), unitprop_find(y, "DevicePolicy"));
}

/* Is each letter of a device there that was there or is wanted, but for the unwanted? */
static bool is_as_wished(const struct unit_properties *is, const struct unit_properties *was,
			 const struct unit_properties *wanted,
			 const struct unit_properties *unwanted)
{
	for (size_t i = 0; i < COUNT(keys); i++) {
		for (const char *at = "rwm"; *at; at++) {
			bool wish = strchr(letters_for(wanted, keys[i]), *at) ||
				    strchr(letters_for(was, keys[i]), *at);

			if (strchr(letters_for(unwanted, keys[i]), *at))
				wish = false;
			if (!strchr(letters_for(is, keys[i]), *at) == wish)
				return false;
		}
	}
	return true;
}

/* Somebody else's unit: its list gets what is wanted and loses what is not, and nothing else
 * happens to it; and back. */
static void test_any_lists(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 20000; run++) {
		struct some live, wanted, unwanted;
		struct unit_properties change, old, back, is, end;
		struct arena a = {0};
		unsigned seed = run;

		make_some(&live, &seed, true);
		make_some(&wanted, &seed, false);
		make_some(&unwanted, &seed, false);
		unitdiff(&change, &old, &wanted.all, &live.all, &unwanted.all, &a);
		is = after(&live.all, &change, &a);
		if (is_open(&live.all)
			? !same_unit(&is, &live.all)
			: is_open(&is) || !is_as_wished(&is, &live.all, &wanted.all, &unwanted.all))
			fail_msg("run %u: %s becomes %s", run, unitprop_copy_text(&live.all, &a),
				 unitprop_copy_text(&is, &a));
		unitdiff_back(&back, &old, &change, &is, &a);
		end = after(&is, &back, &a);
		if (!same_unit(&end, &live.all))
			fail_msg("run %u: %s goes back to %s", run,
				 unitprop_copy_text(&live.all, &a), unitprop_copy_text(&end, &a));
		arena_free(&a);
	}
}

/* A unit of our own: it has what is wanted, all of it and no more; and back. */
static void test_any_own_lists(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 20000; run++) {
		struct unit_property nothing = CLEAR;
		struct some live, wanted;
		struct unit_properties change, old, back, is, end, surplus;
		struct arena a = {0};
		unsigned seed = run;

		make_some(&live, &seed, true);
		make_some(&wanted, &seed, true);
		/* as the plan has it: open without a word about a list */
		wanted.all.n -= strcmp(wanted.list[0].text, "auto") == 0;
		surplus = unitdiff_surplus(&wanted.all, &live.all, &a);
		unitdiff(&change, &old, &wanted.all, &live.all, &surplus, &a);
		is = after(&live.all, &change, &a);
		if (wanted.all.n == 1) {
			wanted.list[1] = nothing;
			wanted.all.n = 2;
			/* nobody but us closes it, and what was closed by others stays so */
			if (strcmp(live.list[0].text, "auto") == 0)
				wanted.list[1] = live.list[1];
		}
		if (!same_unit(&is, &wanted.all))
			fail_msg("run %u: %s becomes %s instead of %s", run,
				 unitprop_copy_text(&live.all, &a), unitprop_copy_text(&is, &a),
				 unitprop_copy_text(&wanted.all, &a));
		unitdiff_back(&back, &old, &change, &is, &a);
		end = after(&is, &back, &a);
		if (!same_unit(&end, &live.all))
			fail_msg("run %u: %s goes back to %s", run,
				 unitprop_copy_text(&live.all, &a), unitprop_copy_text(&end, &a));
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_diff),      cmocka_unit_test(test_anew),
	    cmocka_unit_test(test_surplus),   cmocka_unit_test(test_back),
	    cmocka_unit_test(test_any_lists), cmocka_unit_test(test_any_own_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
