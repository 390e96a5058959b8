/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-check_unit - a recorded unit against a systemd that says what a table says
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hook/check_work.h"
#include "tests/unit/fake-manager.h"

#define NO_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define DENIED  "org.freedesktop.DBus.Error.AccessDenied"

#define ACTIVE(state)                             \
	{"LoadState", "s", .text = "loaded"},     \
	{                                         \
		"ActiveState", "s", .text = state \
	}
#define TASKS(n)                               \
	{                                      \
		"TasksMax", "t", .number = (n) \
	}
#define POLICY                                        \
	{                                             \
		"DevicePolicy", "s", .text = "strict" \
	}
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct unit_item kvm[] = {{.key = "/dev/char/10:232", .text = "rwm"}};
static struct unit_item kvm_and_zero[] = {{.key = "/dev/char/10:232", .text = "rwm"},
					  {.key = "/dev/zero", .text = "rw"}};

#define ALLOW(list)                                                             \
	{                                                                       \
		"DeviceAllow", "a(ss)", .items = (list), .n_items = COUNT(list) \
	}

static struct unit_property as_set[] = {ACTIVE("active"), TASKS(20), POLICY, ALLOW(kvm)};
static struct unit_property changed[] = {ACTIVE("active"), TASKS(30), POLICY, ALLOW(kvm_and_zero)};
static struct unit_property reset[] = {
    ACTIVE("active"), TASKS(UINT64_MAX), POLICY, {"DeviceAllow", "a(ss)", .items = NULL}};
static struct unit_property failed[] = {ACTIVE("failed"), TASKS(30)};
static struct unit_property ending[] = {ACTIVE("deactivating"), TASKS(20), POLICY, ALLOW(kvm)};
static struct unit_property nothing[] = {{"LoadState", "s", .text = "not-found"},
					 {"ActiveState", "s", .text = "inactive"}};
static struct unit_property old_systemd[] = {ACTIVE("active"), POLICY, ALLOW(kvm)};

#define WANTED                                                                              \
	"[{\"name\": \"Description\", \"type\": \"s\", \"value\": \"x\", \"why\": \"d\"}, " \
	"{\"name\": \"PIDs\", \"type\": \"au\", \"value\": [42], \"why\": \"d\"}, "         \
	"{\"name\": \"TasksMax\", \"type\": \"t\", \"value\": 20, \"why\": \"T\"}, "        \
	"{\"name\": \"DeviceAllow\", \"type\": \"a(ss)\", \"value\": [], \"why\": \"D\"}, " \
	"{\"name\": \"DevicePolicy\", \"type\": \"s\", \"value\": \"strict\", \"why\": "    \
	"\"D\"}, {\"name\": \"DeviceAllow\", \"type\": \"a(ss)\", \"value\": "              \
	"[[\"/dev/char/10:232\", \"rwm\"]], \"why\": \"D\"}]"

static const struct {
	enum mode mode;
	struct unit_property *live;
	size_t n;
	const char *error;
	int want;
	const char *rows; /* "WHERE|RECORDED|LIVE|WHY; ..." */
} units[] = {
    {MODE_OWN, as_set, COUNT(as_set), NULL, 0, ""},
    {MODE_ADOPT, as_set, COUNT(as_set), NULL, 0, ""},
    {MODE_OWN, changed, COUNT(changed), NULL, 0,
     "u.scope TasksMax|20|30|T; u.scope DeviceAllow|-|/dev/zero rw|D"},
    /* What the runtime allows is its business, but for what policy denies; the unit names the
     * node, policy its numbers. */
    {MODE_ADOPT, changed, COUNT(changed), NULL, 0,
     "u.scope TasksMax|20|30|T; u.scope DeviceAllow|-|/dev/char/1:5 rw|P"},
    {MODE_OWN, reset, COUNT(reset), NULL, 0,
     "u.scope TasksMax|20|infinity|T; u.scope DeviceAllow|/dev/char/10:232 rwm|-|D"},
    {MODE_OWN, old_systemd, COUNT(old_systemd), NULL, 0, ""},
    {MODE_OWN, failed, COUNT(failed), NULL, 0, "u.scope|active|failed|S"},
    {MODE_ADOPT, ending, COUNT(ending), NULL, 0, "u.scope|active|deactivating|S"},
    {MODE_OWN, nothing, COUNT(nothing), NULL, 0, "u.scope|active|not loaded|S"},
    {MODE_OWN, NULL, 0, NO_UNIT, 0, "u.scope|active|not loaded|S"},
    /* Who is not told does not know. */
    {MODE_OWN, NULL, 0, DENIED, -1, ""},
};

static const char *all_rows(const struct drift *d)
{
	const char *all = "";

	for (size_t i = 0; i < d->n; i++) {
		const struct drift_row *r = &d->rows[i];

		assert_int_equal(r->what, DRIFT_UNIT);
		all =
		    arena_printf(d->arena, "%s%s%s|%s|%s|%s", all, i ? "; " : "", r->where,
				 r->recorded ? r->recorded : "-", r->live ? r->live : "-", r->why);
	}
	return all;
}

static void compare_one(size_t row, const char *socket)
{
	struct device_entry zero = {'c', 1, 5, OCI_READ | OCI_WRITE, "P"};
	struct record_step start = {.step = {.op = PLAN_START, .path = "/u.scope", .why = "S"}};
	const struct unit_properties live = {units[row].live, units[row].n};
	const struct fake_row rows[] = {{.member = "GetAll",
					 .error = units[row].error,
					 .words = "No.",
					 .properties = units[row].live ? &live : NULL},
					{0}};
	const struct record r = {.id = "c1",
				 .mode = units[row].mode,
				 .unit = "u.scope",
				 .properties = WANTED,
				 .denied = {.allow = true, .entries = &zero, .n = 1},
				 .steps = &start,
				 .n_steps = 1};
	struct arena a = {0};
	struct check c = {.arena = &a, .record = &r, .drift = {.arena = &a}};
	struct systemd_options o = {.address = arena_printf(&a, "unix:path=%s", socket),
				    .wait_ms = 10000};
	struct fake_manager *fake = fake_manager_start(FAKE_PRIVATE, socket, rows);
	struct systemd *s = NULL;
	struct error e = {0};
	const char *got;
	int result;

	assert_int_equal(systemd_open(&s, &o, &a, &e), 0);
	result = check_unit(&c, s, &e);
	got = all_rows(&c.drift);
	systemd_close(s);
	free(fake_manager_stop(fake));
	unlink(socket);
	if (result != units[row].want || strcmp(got, units[row].rows) != 0)
		fail_msg("row %zu: %d (%s)\n got: %s\nwant: %s", row, result, e.text, got,
			 units[row].rows);
	assert_string_equal(c.drift.unit, "u.scope");
	arena_free(&a);
}

static void compared(void **state)
{
	char dir[] = "/tmp/vmcg-check-XXXXXX", socket[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(socket, sizeof(socket), "%s/private", dir);
	for (size_t i = 0; i < COUNT(units); i++)
		compare_one(i, socket);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
