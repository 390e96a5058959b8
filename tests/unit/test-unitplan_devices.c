/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-unitplan_devices - a device policy as DevicePolicy and DeviceAllow
 *
 * A row has the entries of the policy, as the v1 kernel lists them, and what they
 * become: properties, then warnings; or "host: TEXT", the beginning of an error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/devlist.h"
#include "tests/unit/unitplan-scene.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define KVM          "c 10:232 rwm\n"
#define PTS          "c 136:* rwm\n"
#define NO_MIN       "c *:3 rwm: systemd has no word for a minor number of every major"
#define NO_MAJ       "b 8:* rw: systemd 239 takes no major number (240 does)"
#define CLEAR        "DeviceAllow=[] /d\nDevicePolicy=\"strict\" /d\n"
#define AUTO         "DevicePolicy=\"auto\" /d\n"

struct row {
	const char *entries, *want;
	enum scene_host host;
	bool adopt, allow, denied, standing;
	uint64_t systemd;
};

static const struct row rows[] = {
    {.entries = KVM "b 8:0 r\n",
     .want = CLEAR "DeviceAllow=[/dev/char/10:232 rwm, /dev/block/8:0 r] /d\n"},
    {.entries = "b *:* m\n" KVM PTS "c *:* m\n",
     .want = CLEAR "DeviceAllow=[block-* m, /dev/char/10:232 rwm, char-136 rwm, char-* m] /d\n"},
    {.entries = "b 8:* rw\n", .want = CLEAR "DeviceAllow=[block-8 rw] /d\n"},
    {.entries = "", .want = CLEAR},
    {.entries = KVM, .host = V1, .want = CLEAR "DeviceAllow=[/dev/char/10:232 rwm] /d\n"},
    /* two entries that only together let a file be opened for both */
    {.entries = "c 10:232 w\nc 10:* r\n",
     .want = CLEAR "DeviceAllow=[/dev/char/10:232 rw, char-10 r] /d\n"},
    /* majors as numbers */
    {.entries = PTS "b 8:* rw\n",
     .systemd = 240,
     .want = CLEAR "DeviceAllow=[char-136 rwm, block-8 rw] /d\n"},
    {.entries = PTS, .systemd = 239, .want = CLEAR "DeviceAllow=[char-pts rwm] /d\n"},
    {.entries = PTS "b 8:* rw\n",
     .systemd = 239,
     .want = AUTO "! devices.list: " NO_MAJ ": the device filter is vmcg's alone\n"},
    {.entries = "b 136:* rw\n",
     .systemd = 239,
     .want = AUTO "! devices.list: b 136:* rw: systemd 239 takes no major number (240 does): the "
		  "device filter is vmcg's alone\n"},
    {.entries = "b 8:* rw\n",
     .systemd = 239,
     .host = V1,
     .want = "host: devices.list: " NO_MAJ ", and on cgroup v1 its list is the only one"},
    /* what systemd has no word for */
    {.entries = KVM "c *:3 rwm\n",
     .want = AUTO "! devices.list: " NO_MIN ": the device filter is vmcg's alone\n"},
    {.entries = KVM "c *:3 rwm\n", .host = V1, .want = "host: devices.list: " NO_MIN},
    /* default allow */
    {.entries = "b 8:0 r\n", .allow = true, .want = AUTO},
    {.entries = "", .allow = true, .want = AUTO},
    {.entries = "", .allow = true, .host = V1, .want = AUTO},
    {.entries = "b 8:0 r\n",
     .allow = true,
     .host = V1,
     .want = "host: /d: b 8:0 r: systemd has no word for all devices but some"},
    /* a v2 tree beside v1 controllers has no filter of systemd's */
    {.entries = KVM, .host = HYBRID, .want = AUTO},
    {.entries = KVM, .host = HYBRID, .adopt = true, .want = ""},
    /* the runtime's list is added to */
    {.entries = KVM "b 8:0 r\n",
     .adopt = true,
     .want = "DeviceAllow=[/dev/char/10:232 rwm, /dev/block/8:0 r] /d\n"},
    {.entries = KVM, .adopt = true, .host = V1, .want = "DeviceAllow=[/dev/char/10:232 rwm] /d\n"},
    {.entries = KVM "c *:3 rwm\n",
     .adopt = true,
     .host = V1,
     .want = "DeviceAllow=[/dev/char/10:232 rwm] /d\n! devices.list: " NO_MIN
	     ": a daemon-reload may take it away\n"},
    {.entries = "c *:3 rwm\n",
     .adopt = true,
     .want = "! devices.list: " NO_MIN ": a daemon-reload may take it away\n"},
    {.entries = "b 8:0 r\n", .adopt = true, .allow = true, .want = ""},
    {.entries = "b 8:0 r\n", .adopt = true, .allow = true, .host = V1, .want = ""},
    {.entries = KVM,
     .adopt = true,
     .denied = true,
     .want = "DeviceAllow=[/dev/char/10:232 rwm] /d\n"
	     "- DeviceAllow=[/dev/char/1:1 rw] /d\n"
	     "! policy:/devices/deny: c 1:1 rw: taken out of the DeviceAllow of the runtime's "
	     "unit\n"},
    /* what is denied beside a list that has no word to it is still denied */
    {.entries = "",
     .adopt = true,
     .denied = true,
     .want = "- DeviceAllow=[/dev/char/1:1 rw] /d\n"
	     "! policy:/devices/deny: c 1:1 rw: taken out of the DeviceAllow of the runtime's "
	     "unit\n"},
    /* our own unit, running: its whole list, as when it was started */
    {.entries = KVM "b 8:0 r\n",
     .standing = true,
     .denied = true,
     .want = CLEAR "DeviceAllow=[/dev/char/10:232 rwm, /dev/block/8:0 r] /d\n"},
    {.entries = "", .standing = true, .want = CLEAR},
    {.entries = KVM,
     .standing = true,
     .host = V1,
     .want = CLEAR "DeviceAllow=[/dev/char/10:232 rwm] /d\n"},
    {.entries = KVM "c *:3 rwm\n",
     .standing = true,
     .host = V1,
     .want = "host: devices.list: " NO_MIN},
    {.entries = KVM "c *:3 rwm\n",
     .standing = true,
     .want = AUTO "! devices.list: " NO_MIN ": the device filter is vmcg's alone\n"},
    {.entries = "", .standing = true, .allow = true, .want = AUTO},
    {.entries = KVM, .standing = true, .host = HYBRID, .want = AUTO},
};

static void set_policy(struct scene *s, const struct row *row)
{
	static struct device_entry denied[] = {
	    {'c', 1, 1, OCI_READ | OCI_WRITE, "policy:/devices/deny"}};
	struct devlist_state list;

	assert_int_equal(devlist_parse(&list, row->entries, "row", &s->arena, NULL), 0);
	s->plan.has_devices = true;
	s->plan.devices = (struct device_policy){row->allow, list.entries, list.n};
	if (row->denied)
		s->plan.denied = (struct device_policy){true, denied, 1};
	plan_add(&s->plan, PHASE_PRETASK, PLAN_DEVICES, "devices", s->plan.path, NULL, NULL, "/d");
}

static bool run(struct scene *s, const struct row *row, const char **got)
{
	if (unitplan(&s->plan, &s->in, &s->e) < 0) {
		*got = arena_printf(&s->arena, "%s: %s", s->e.kind == ERROR_HOST ? "host" : "input",
				    s->e.text);
		return strncmp(*got, row->want, 6) == 0 &&
		       strncmp(*got, row->want, strlen(row->want)) == 0;
	}
	*got = arena_printf(&s->arena, "%s%s", scene_properties(s, "Device"), scene_warnings(s));
	/* vmcg's own filter stays */
	assert_non_null(strstr(scene_steps(s), "devices devices /a.slice/vm.scope\n"));
	/* and the unit is told, if there is anything to tell */
	assert_int_equal(!strstr(scene_steps(s), "start "), row->adopt || row->standing);
	assert_int_equal(!strstr(scene_steps(s), "set "),
			 !(row->adopt || row->standing) || !strstr(*got, "Device"));
	return strcmp(*got, row->want) == 0;
}

static void test_devices(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got = "";
		struct scene s;

		scene_open(&s, rows[i].host, rows[i].adopt, rows[i].systemd);
		s.target.standing = rows[i].standing;
		set_policy(&s, &rows[i]);
		if (!run(&s, &rows[i], &got)) {
			print_error("row %zu: %s\n-- want\n%s\n-- got\n%s\n", i, rows[i].entries,
				    rows[i].want, got);
			wrong++;
		}
		scene_close(&s);
	}
	assert_int_equal(wrong, 0);
}

/* Plugging a device is no word about the tasks of a unit, or anything else it has. */
static void test_only_devices(void **state)
{
	static const struct row row = {.entries = KVM};
	struct scene s;

	(void)state;
	scene_open(&s, V2, false, 0);
	s.target.standing = true;
	set_policy(&s, &row);
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
	assert_string_equal(scene_properties(&s, ""),
			    CLEAR "DeviceAllow=[/dev/char/10:232 rwm] /d\n");
	assert_string_equal(scene_steps(&s), "set - /a.slice/vm.scope vm.scope\n"
					     "devices devices /a.slice/vm.scope\n");
	scene_close(&s);
}

/* Rootless has no filter, so there is no list either. */
static void test_no_devices(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, V2, false, 0);
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
	assert_string_equal(scene_properties(&s, "Device"), "");
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_devices),
	    cmocka_unit_test(test_only_devices),
	    cmocka_unit_test(test_no_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
