/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-drift - differences: the two forms of the list, device lists, properties of units
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/devdrift.h"
#include "hook/drift.h"
#include "hook/unitdrift.h"

/* The rows as "what where|recorded|live|why; ...", a dash for nothing. */
static const char *all_rows(const struct drift *d)
{
	const char *all = "";

	for (size_t i = 0; i < d->n; i++) {
		const struct drift_row *r = &d->rows[i];

		all = arena_printf(
		    d->arena, "%s%s%s %s|%s|%s|%s", all, i ? "; " : "", drift_what_name[r->what],
		    r->where, r->recorded ? r->recorded : "-", r->live ? r->live : "-", r->why);
	}
	return all;
}

static void compare(size_t row, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		print_error("row %zu\n got: %s\nwant: %s\n", row, got, want);
	assert_string_equal(got, want);
}

/* --- forms --- */

static void text_form(void **state)
{
	struct arena a = {0};
	struct drift d = {.arena = &a};
	struct text out = {0};

	(void)state;
	drift_text(&d, "c1", &out);
	assert_string_equal(out.s, "c1: as recorded (0 settings, 0 device filters)\n");
	text_free(&out);
	d.n_values = 1;
	d.n_filters = 2;
	d.unit = "vm-c1.scope";
	drift_text(&d, "c1", &out);
	assert_string_equal(out.s,
			    "c1: as recorded (1 setting, 2 device filters, unit vm-c1.scope)\n");
	text_free(&out);
	drift_add(&d, DRIFT_VALUE, "/g/memory.max", "1", "2", "/memory/limit");
	drift_add(&d, DRIFT_DEVICES, "/g", NULL, "c 1:3 r", "x");
	/* what a file holds in several lines, in none, and what would move the cursor */
	drift_add(&d, DRIFT_PROCESS, "p\033[2J", "a\nb\n", "", "x");
	drift_text(&d, "c1", &out);
	assert_string_equal(out.s, "WHAT     WHERE          RECORDED  LIVE     WHY\n"
				   "value    /g/memory.max  1         2        /memory/limit\n"
				   "devices  /g             -         c 1:3 r  x\n"
				   "process  p?[2J          a; b      \"\"       x\n");
	text_free(&out);
	arena_free(&a);
}

static void json_form(void **state)
{
	struct arena a = {0};
	struct drift d = {.arena = &a};
	struct text out = {0};

	(void)state;
	drift_json(&d, "c1", &out);
	assert_string_equal(out.s, "{\n  \"id\": \"c1\",\n  \"drift\": []\n}\n");
	text_free(&out);
	drift_add(&d, DRIFT_GROUP, "/g", "there", "gone", "w");
	drift_add(&d, DRIFT_UNIT, "u TasksMax", "20", NULL, "w");
	drift_add(&d, DRIFT_CONTROLLERS, "/f", "cpu", "a\nb", "w");
	drift_add(&d, DRIFT_PROGRAM, "/g", NULL, "2", "w");
	drift_json(&d, "c1", &out);
	assert_string_equal(
	    out.s, "{\n  \"id\": \"c1\",\n  \"drift\": [\n"
		   "    {\"what\": \"group\", \"where\": \"/g\", \"recorded\": \"there\", "
		   "\"live\": \"gone\", \"why\": \"w\"},\n"
		   "    {\"what\": \"unit\", \"where\": \"u TasksMax\", \"recorded\": \"20\", "
		   "\"live\": null, \"why\": \"w\"},\n"
		   "    {\"what\": \"controllers\", \"where\": \"/f\", \"recorded\": \"cpu\", "
		   "\"live\": \"a\\nb\", \"why\": \"w\"},\n"
		   "    {\"what\": \"program\", \"where\": \"/g\", \"recorded\": null, "
		   "\"live\": \"2\", \"why\": \"w\"}\n  ]\n}\n");
	text_free(&out);
	arena_free(&a);
}

/* --- device lists --- */

/* A policy from the text of a list; each entry's reason is "W". */
static struct device_policy policy_of(const char *text, struct arena *a)
{
	struct devlist_state s = {0};
	struct device_policy p;

	assert_int_equal(devlist_parse(&s, text, "test", a, NULL), 0);
	for (size_t i = 0; i < s.n; i++)
		s.entries[i].why = "W";
	p = (struct device_policy){.allow = s.allow, .entries = s.entries, .n = s.n};
	devrules_normalise(&p);
	return p;
}

static const struct {
	const char *wanted, *live, *rows;
} exact[] = {
    {"", "", ""},
    {"c 10:232 rwm", "c 10:232 rwm", ""},
    {"c 1:3 rw\nc 10:232 rwm", "c 10:232 rwm\nc 1:3 rw", ""},
    /* taken away: all of it, or a part */
    {"c 10:232 rwm", "", "devices L|c 10:232 rwm|-|W"},
    {"c 10:232 rwm", "c 10:232 rm", "devices L|c 10:232 rwm|c 10:232 rm|W"},
    /* added: a device, a letter, a wildcard that holds what is wanted as well */
    {"c 10:232 rw", "c 10:232 rw\nb 8:0 r", "devices L|-|b 8:0 r|D"},
    {"c 10:232 rw", "c 10:232 rwm", "devices L|c 10:232 rw|c 10:232 rwm|D"},
    {"c 10:232 rw", "c *:* rwm\nc 10:232 rw", "devices L|-|c *:* rwm|D"},
    {"c 10:* rw", "c 10:* r\nc 10:232 w", "devices L|c 10:* rw|c 10:* r|W"},
    /* what a wider entry holds anyway is no difference */
    {"c 10:* rw", "c 10:* rw\nc 10:232 r", ""},
    /* one thing instead of another */
    {"c 10:232 rw", "b 10:232 rw", "devices L|c 10:232 rw|-|W; devices L|-|b 10:232 rw|D"},
    /* the kernel does not add up two entries: closed it is as wanted, open it is not */
    {"c 1:3 w\nc 1:* r", "c 1:3 rw\nc 1:* r", ""},
    {"c 1:3 w\nc 1:* r", "c 1:3 w\nc 1:* r",
     "devices L|c 1:3 rw|read and write, but not together|W"},
    /* the default */
    {"c 1:3 rw", "a *:* rwm", "devices L|default deny|default allow|D"},
    {"a *:* rwm", "c 1:3 rw", "devices L|default allow|default deny|D"},
    {"a *:* rwm", "a *:* rwm", ""},
    {"a *:* rwm\nb 8:0 w", "a *:* rwm", ""},
};

static void exact_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(exact) / sizeof(*exact); i++) {
		struct arena a = {0};
		struct drift d = {.arena = &a};
		struct devlist_state live = {0};
		const struct device_policy p = policy_of(exact[i].wanted, &a);

		assert_int_equal(devlist_parse(&live, exact[i].live, "test", &a, NULL), 0);
		devdrift_exact(&d, &live, &p, "L", "D");
		compare(i, all_rows(&d), exact[i].rows);
		arena_free(&a);
	}
}

static const struct {
	const char *wanted, *denied, *live, *rows;
} extended[] = {
    {"c 10:232 rwm", "a *:* rwm", "c 1:3 rw\nc 10:232 rwm", ""},
    {"c 10:232 rwm", "a *:* rwm", "c 1:3 rw", "devices L|c 10:232 rwm|-|W"},
    {"c 10:232 rwm", "a *:* rwm", "c *:* rwm", ""},
    {"c 10:232 rwm", "a *:* rwm", "c 10:* r\nc 10:232 w", "devices L|c 10:232 rwm|c 10:232 rw|W"},
    {"c 10:232 rw", "a *:* rwm", "c 10:* r\nc 10:232 w",
     "devices L|c 10:232 rw|read and write, but not together|W"},
    /* denied, and granted: by itself, in part, by a wildcard; mknod was not denied */
    {"", "a *:* rwm\nc 1:1 rw", "c 1:3 rw\nc *:* m", ""},
    {"", "a *:* rwm\nc 1:1 rw", "c 1:1 rwm", "devices L|-|c 1:1 rw|W"},
    {"", "a *:* rwm\nc 1:1 rw", "c 1:* r", "devices L|-|c 1:1 r|W"},
    {"", "a *:* rwm\nb 1:1 rw", "c *:* rwm", ""},
    /* nothing is filtered, or nothing had to be granted */
    {"c 10:232 rw", "a *:* rwm\nc 1:1 rw", "a *:* rwm", ""},
    {"a *:* rwm", "a *:* rwm\nc 1:1 rw", "c 1:1 rw", ""},
};

static void extended_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(extended) / sizeof(*extended); i++) {
		struct arena a = {0};
		struct drift d = {.arena = &a};
		struct devlist_state live = {0};
		const struct device_policy p = policy_of(extended[i].wanted, &a);
		const struct device_policy denied = policy_of(extended[i].denied, &a);

		assert_int_equal(devlist_parse(&live, extended[i].live, "test", &a, NULL), 0);
		devdrift_extended(&d, &live, &p, &denied, "L");
		compare(i, all_rows(&d), extended[i].rows);
		arena_free(&a);
	}
}

/* --- units --- */

#define MAX(n) "{\"name\": \"MemoryMax\", \"type\": \"t\", \"value\": " #n ", \"why\": \"W\"}"
#define POLICY(p) \
	"{\"name\": \"DevicePolicy\", \"type\": \"s\", \"value\": \"" p "\", \"why\": \"W\"}"
#define ALLOW(l) \
	"{\"name\": \"DeviceAllow\", \"type\": \"a(ss)\", \"value\": [" l "], \"why\": \"W\"}"
#define RATE(l)                                                                  \
	"{\"name\": \"IOReadBandwidthMax\", \"type\": \"a(st)\", \"value\": [" l \
	"], \"why\": \"W\"}"
#define KVM    "[\"/dev/char/10:232\", \"rwm\"]"
#define NUL    "[\"/dev/char/1:3\", \"rw\"]"
#define STRICT ALLOW("") ", " POLICY("strict") ", "

enum { OWN, ADOPT };

static const struct {
	int mode;
	const char *wanted, *live;
	const char *rows; /* without the unit's name, which is u in all of them */
} units[] = {
    {OWN, MAX(4096), MAX(4096), ""},
    {OWN, MAX(4096), MAX(8192), "unit u MemoryMax|4096|8192|W"},
    {ADOPT, MAX(4096), MAX(18446744073709551615), "unit u MemoryMax|4096|infinity|W"},
    /* not of this systemd; and what tells how it was started */
    {OWN, MAX(4096), POLICY("auto"), ""},
    {OWN,
     "{\"name\": \"PIDs\", \"type\": \"au\", \"value\": [42], \"why\": \"W\"}, "
     "{\"name\": \"Slice\", \"type\": \"s\", \"value\": \"a.slice\", \"why\": \"W\"}, "
     "{\"name\": \"TasksAccounting\", \"type\": \"b\", \"value\": true, \"why\": \"W\"}",
     "{\"name\": \"PIDs\", \"type\": \"au\", \"value\": [], \"why\": \"W\"}, "
     "{\"name\": \"Slice\", \"type\": \"s\", \"value\": \"b.slice\", \"why\": \"W\"}, "
     "{\"name\": \"TasksAccounting\", \"type\": \"b\", \"value\": false, \"why\": \"W\"}",
     ""},
    /* device lists: in another order, lacking, more than wanted */
    {OWN, STRICT ALLOW(KVM ", " NUL), POLICY("strict") ", " ALLOW(NUL ", " KVM), ""},
    {OWN, STRICT ALLOW(KVM ", " NUL), POLICY("strict") ", " ALLOW(NUL),
     "unit u DeviceAllow|/dev/char/10:232 rwm|-|W"},
    {OWN, STRICT ALLOW(KVM), POLICY("strict") ", " ALLOW("[\"/dev/char/10:232\", \"r\"]"),
     "unit u DeviceAllow|/dev/char/10:232 rwm|/dev/char/10:232 r|W"},
    {OWN, STRICT ALLOW(KVM), POLICY("strict") ", " ALLOW(KVM ", " NUL),
     "unit u DeviceAllow|-|/dev/char/1:3 rw|W"},
    {OWN, STRICT ALLOW(NUL), POLICY("strict") ", " ALLOW("[\"/dev/char/1:3\", \"rwm\"]"),
     "unit u DeviceAllow|/dev/char/1:3 rw|/dev/char/1:3 rwm|W"},
    /* letters lacking and letters too many are one row */
    {OWN, STRICT ALLOW(NUL), POLICY("strict") ", " ALLOW("[\"/dev/char/1:3\", \"rm\"]"),
     "unit u DeviceAllow|/dev/char/1:3 rw|/dev/char/1:3 rm|W"},
    /* another policy alone does not make the list another */
    {OWN, STRICT ALLOW(KVM), POLICY("closed") ", " ALLOW(KVM),
     "unit u DevicePolicy|\"strict\"|\"closed\"|W"},
    {ADOPT, ALLOW(KVM), POLICY("strict") ", " ALLOW(NUL ", " KVM), ""},
    {ADOPT, ALLOW(KVM), POLICY("strict") ", " ALLOW(NUL),
     "unit u DeviceAllow|/dev/char/10:232 rwm|-|W"},
    /* it allows everything: the first entry would deny the rest */
    {ADOPT, ALLOW(KVM), POLICY("auto") ", " ALLOW(""), ""},
    /* what policy denies */
    {ADOPT, ALLOW(KVM), POLICY("strict") ", " ALLOW(KVM ", [\"/dev/char/1:1\", \"rm\"]"),
     "unit u DeviceAllow|-|/dev/char/1:1 rm|P"},
    {ADOPT, ALLOW(KVM), POLICY("strict") ", " ALLOW(KVM ", [\"/dev/char/1:1\", \"m\"]"), ""},
    {OWN, RATE("[\"/dev/block/8:0\", 100]"), RATE("[\"/dev/block/8:0\", 200]"),
     "unit u IOReadBandwidthMax|/dev/block/8:0 100|/dev/block/8:0 200|W"},
    {OWN, RATE("[\"/dev/block/8:0\", 100]"),
     RATE("[\"/dev/block/8:0\", 100], [\"/dev/block/8:16\", 5]"), ""},
};

static struct unit_properties properties_of(const char *list, struct arena *a)
{
	const char *json = arena_printf(a, "[%s]", list);
	struct unit_properties p = {0};
	struct error e = {0};

	if (unitprop_parse(&p, a, "test", json, strlen(json), &e) < 0)
		fail_msg("%s: %s", json, e.text);
	return p;
}

static void unit_properties(void **state)
{
	struct device_entry memory = {'c', 1, 1, OCI_READ | OCI_WRITE, "P"};
	const struct device_policy denied = {.allow = true, .entries = &memory, .n = 1};

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		struct arena a = {0};
		struct drift d = {.arena = &a};
		const struct unit_properties wanted = properties_of(units[i].wanted, &a);
		const struct unit_properties live = properties_of(units[i].live, &a);
		const struct unitdrift u = {.unit = "u",
					    .wanted = &wanted,
					    .live = &live,
					    .own = units[i].mode == OWN,
					    .denied = &denied,
					    .numbered = unitprop_find(&live, "DeviceAllow")};

		unitdrift_compare(&d, &u);
		compare(i, all_rows(&d), units[i].rows);
		arena_free(&a);
	}
}

/* What limits is asked for, and the device list whether it is wanted or not. */
static void names_to_ask_for(void **state)
{
	struct arena a = {0};
	const struct unit_properties p = properties_of(
	    "{\"name\": \"Delegate\", \"type\": \"b\", \"value\": true}, "
	    "{\"name\": \"CPUAccounting\", \"type\": \"b\", \"value\": true}, " MAX(1),
	    &a);
	const char *const *names = unitdrift_names(&p, &a);

	(void)state;
	assert_string_equal(names[0], "MemoryMax");
	assert_string_equal(names[1], "DevicePolicy");
	assert_string_equal(names[2], "DeviceAllow");
	assert_null(names[3]);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_form),       cmocka_unit_test(json_form),
	    cmocka_unit_test(exact_lists),     cmocka_unit_test(extended_lists),
	    cmocka_unit_test(unit_properties), cmocka_unit_test(names_to_ask_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
