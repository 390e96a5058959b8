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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_diff),
					   cmocka_unit_test(test_back)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
