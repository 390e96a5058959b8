/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-systemd - the connection to systemd, against one that does what a table says
 *
 * Most tables are gone through twice: on the manager's own socket and on a message
 * bus, where AddMatch and Subscribe come on top (test_bus looks at those; elsewhere
 * they are left out of the comparison).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hook/systemd.h"
#include "tests/unit/fake-manager.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define EXISTS       "org.freedesktop.systemd1.UnitExists"
#define NO_UNIT      "org.freedesktop.systemd1.NoSuchUnit"
#define READ_ONLY    "org.freedesktop.DBus.Error.PropertyReadOnly"
#define NO_PROC      "org.freedesktop.DBus.Error.UnixProcessIdUnknown"
#define BAD_ARGS     "org.freedesktop.DBus.Error.InvalidArgs"
#define DENIED       "org.freedesktop.DBus.Error.AccessDenied"

/* A directory for sockets, a fake on one of them, a connection to it. */
struct stage {
	char dir[40], path[80];
	struct fake_manager *fake;
	struct arena arena;
	struct systemd *s;
	struct error e;
};

static void set_stage(struct stage *st)
{
	char sub[80];

	*st = (struct stage){.dir = "/tmp/vmcg-systemd-XXXXXX"};
	assert_non_null(mkdtemp(st->dir));
	snprintf(sub, sizeof(sub), "%s/systemd", st->dir);
	assert_int_equal(mkdir(sub, 0700), 0);
}

/* The first way of a user leads to systemd/private, the second to bus. */
static const char *socket_of(struct stage *st, bool bus)
{
	snprintf(st->path, sizeof(st->path), "%s/%s", st->dir, bus ? "bus" : "systemd/private");
	return st->path;
}

static int open_stage(struct stage *st, unsigned wait_ms)
{
	struct systemd_options o = {.user = true, .runtime = st->dir, .wait_ms = wait_ms};

	return systemd_open(&st->s, &o, &st->arena, &st->e);
}

/* What the fake wrote down, without what only a bus is told; in the arena. */
static char *strike_stage(struct stage *st)
{
	struct text out = {0};
	char *record = NULL, *line, *rest, *copy;

	systemd_close(st->s);
	if (st->fake)
		record = fake_manager_stop(st->fake);
	text_puts(&out, "");
	line = record ? strtok_r(record, "\n", &rest) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, "AddMatch ", 9) != 0 && strcmp(line, "Subscribe ") != 0)
			text_printf(&out, "%s\n", line);
	free(record);
	copy = arena_copy(&st->arena, out.s, out.len);
	text_free(&out);
	unlink(socket_of(st, true));
	unlink(socket_of(st, false));
	snprintf(st->path, sizeof(st->path), "%s/systemd", st->dir);
	rmdir(st->path);
	rmdir(st->dir);
	return copy;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Is each of the words in the text? Says which is not. */
static bool says_all(const char *what, const char *text, const char *const *words)
{
	bool all = true;

	for (; *words; words++) {
		if (!strstr(text, *words)) {
			print_error("%s: \"%s\" is not in \"%s\"\n", what, *words, text);
			all = false;
		}
	}
	return all;
}

/* --- start --- */

static struct unit_item vm_pid = {.number = 4242};

static struct unit_property scope_list[] = {
    {.name = "Description", .type = "s", .text = "the VM"},
    {.name = "PIDs", .type = "au", .items = &vm_pid, .n_items = 1, .why = "state:/pid"},
    {.name = "Aaa", .type = "t", .number = 7, .why = "/linux/resources/aaa"},
    {.name = "Bbb", .type = "b", .number = 1},
    {.name = "Ccc", .type = "t", .number = 0},
    {.name = "Ddd", .type = "t", .number = UINT64_MAX},
};

static const struct unit_properties scope = {scope_list, COUNT(scope_list)};

#define HEAD      "StartTransientUnit demo.scope fail [(Description <s the VM>)(PIDs <au [4242]>)"
#define AAA       "(Aaa <t 7>)"
#define BBB       "(Bbb <b 1>)"
#define CCC       "(Ccc <t 0>)"
#define DDD       "(Ddd <t 18446744073709551615>)"
#define TAIL      "] []\n"
#define START     HEAD AAA BBB CCC DDD TAIL
#define RESET     "ResetFailedUnit demo.scope\n"
#define THAW      "ThawUnit demo.scope\n"
#define STOP      "StopUnit demo.scope replace\n"
#define DESCRIBED "Get org.freedesktop.systemd1.Unit Description\n"
#define LOADED    "Get org.freedesktop.systemd1.Unit LoadState\n"
#define SETTLED   "Get org.freedesktop.systemd1.Manager Version\n"

#define REFUSED(name)                                                         \
	{                                                                     \
		.member = "StartTransientUnit", .error = READ_ONLY,           \
		.words = "Cannot set property " name ", or unknown property." \
	}
#define STARTED                                                            \
	{                                                                  \
		.member = "StartTransientUnit", .job = 5, .result = "done" \
	}

static const struct start_row {
	const char *what;
	struct fake_row rows[10];
	const char *optional[5];
	unsigned wait_ms;
	int want;
	const char *left_out; /* names, a blank behind each */
	const char *record;
	const char *says[8];
} start_rows[] = {
    {"done", {STARTED}, .record = START},
    {"the end comes before the answer",
     {{.member = "StartTransientUnit", .job = 5, .result = "done", .early = true}},
     .record = START},
    {"other jobs end first",
     {{.member = "StartTransientUnit", .job = 5, .result = "done", .others = true}},
     .record = START},
    {"other jobs end first, all before the answer",
     {{.member = "StartTransientUnit", .job = 5, .result = "done", .others = true, .early = true}},
     .record = START},
    {"the rest of a failed one is cleared away",
     {{.member = "StartTransientUnit", .error = EXISTS, .words = "Unit exists."},
      {.member = "ResetFailedUnit"},
      STARTED},
     .record = START RESET START},
    {"it is gone by itself before it is cleared away",
     {{.member = "StartTransientUnit", .error = EXISTS},
      {.member = "ResetFailedUnit", .error = NO_UNIT},
      STARTED},
     .record = START RESET START},
    {"one of that name lives",
     {{.member = "StartTransientUnit", .error = EXISTS},
      {.member = "ResetFailedUnit"},
      {.member = "StartTransientUnit", .error = EXISTS}},
     .want = SYSTEMD_EXISTS,
     .record = START RESET START},
    {"three properties are unknown",
     {REFUSED("Bbb"), REFUSED("Aaa"), REFUSED("Ddd"), STARTED},
     .optional = {"Aaa", "Bbb", "Ddd", "Zzz"},
     .left_out = "Bbb Aaa Ddd ",
     .record = START HEAD AAA CCC DDD TAIL HEAD CCC DDD TAIL HEAD CCC TAIL},
    {"a fourth is unknown",
     {REFUSED("Bbb"), REFUSED("Aaa"), REFUSED("Ddd"), REFUSED("Ccc")},
     .optional = {"Aaa", "Bbb", "Ddd", "Ccc"},
     .want = -1,
     .record = START HEAD AAA CCC DDD TAIL HEAD CCC DDD TAIL HEAD CCC TAIL,
     .says = {"StartTransientUnit of demo.scope", "Cannot set property Ccc", "Ccc=0",
	      "--cgroup-manager cgroupfs"}},
    {"a property that is needed is unknown",
     {REFUSED("Aaa")},
     .optional = {"Bbb", "Aa", "Aaaa"},
     .want = -1,
     .record = START,
     .says = {"Cannot set property Aaa, or unknown property.", READ_ONLY, "Aaa=7",
	      "from /linux/resources/aaa"}},
    {"unknown and in use",
     {{.member = "StartTransientUnit", .error = EXISTS},
      {.member = "ResetFailedUnit"},
      REFUSED("Aaa"),
      STARTED},
     .optional = {"Aaa"},
     .left_out = "Aaa ",
     .record = START RESET START HEAD BBB CCC DDD TAIL},
    {"a refusal that names no property",
     {{.member = "StartTransientUnit", .error = READ_ONLY, .words = "It is what it is"}},
     .optional = {"Aaa"},
     .want = -1,
     .record = START,
     .says = {"It is what it is", READ_ONLY}},
    {"the process is gone",
     {{.member = "StartTransientUnit",
       .error = NO_PROC,
       .words = "Process with ID 4242 does not exist."}},
     .want = -1,
     .record = START,
     .says = {"StartTransientUnit of demo.scope", "Process with ID 4242 does not exist.",
	      "the VM process 4242 is gone"}},
    {"the process is gone, as an older systemd says it",
     {{.member = "StartTransientUnit", .error = "System.Error.ESRCH", .words = "No such process"}},
     .want = -1,
     .record = START,
     .says = {"the VM process 4242 is gone"}},
    {"a value is refused",
     {{.member = "StartTransientUnit", .error = BAD_ARGS, .words = "Aaa= is out of range"}},
     .want = -1,
     .record = START,
     .says = {"Aaa= is out of range", BAD_ARGS, "the property is Aaa=7, from /linux/resources/aaa",
	      "journalctl"}},
    {"not allowed",
     {{.member = "StartTransientUnit", .error = DENIED, .words = "Permission denied"}},
     .want = -1,
     .record = START,
     .says = {"Permission denied", DENIED, "only root may"}},
    {"the job failed",
     {{.member = "StartTransientUnit", .job = 5, .result = "failed"}},
     .want = -1,
     .record = START,
     .says = {"StartTransientUnit of demo.scope", "\"failed\"", "did the VM process 4242 end",
	      "-u demo.scope"}},
    {"canceled",
     {{.member = "StartTransientUnit", .job = 5, .result = "canceled"}},
     .want = -1,
     .record = START,
     .says = {"\"canceled\""}},
    {"timeout",
     {{.member = "StartTransientUnit", .job = 5, .result = "timeout", .early = true}},
     .want = -1,
     .record = START,
     .says = {"\"timeout\""}},
    {"dependency",
     {{.member = "StartTransientUnit", .job = 5, .result = "dependency"}},
     .want = -1,
     .record = START,
     .says = {"\"dependency\""}},
    {"skipped",
     {{.member = "StartTransientUnit", .job = 5, .result = "skipped"}},
     .want = -1,
     .record = START,
     .says = {"\"skipped\""}},
    {"a word of a systemd to come",
     {{.member = "StartTransientUnit", .job = 5, .result = "done2"}},
     .want = -1,
     .record = START,
     .says = {"\"done2\""}},
    {"the job does not end: it is not to begin any more",
     {{.member = "StartTransientUnit", .job = 5, .others = true}, {.member = "CancelJob"}},
     .wait_ms = 200,
     .want = -1,
     .record = START "CancelJob 5\n",
     .says = {"StartTransientUnit of demo.scope", "200 ms", "systemctl list-jobs"}},
    {"no answer: the caller looks whether there is a unit now, and stops it when it is empty",
     {{.member = "StartTransientUnit", .silence = true}},
     .wait_ms = 200,
     .want = -1,
     .record = START,
     .says = {"200 ms"}},
    {"the connection is closed in mid-call",
     {{.member = "StartTransientUnit", .closes = true}},
     .want = -1,
     .record = START,
     .says = {"StartTransientUnit of demo.scope", "was lost", "try again"}},
    {"no job in the answer",
     {{.member = "StartTransientUnit", .text = "what?"}},
     .want = -1,
     .record = START,
     .says = {"does not name a job"}},
};

static const char *joined(const char **names, struct arena *a)
{
	const char *text = "";

	for (; names && *names; names++)
		text = arena_printf(a, "%s%s ", text, *names);
	return text;
}

static bool start_row_holds(const struct start_row *row, bool bus)
{
	const char **left_out = NULL, *record;
	struct stage st;
	bool holds;
	int got;

	set_stage(&st);
	st.fake = fake_manager_start(bus ? FAKE_BUS : FAKE_PRIVATE, socket_of(&st, bus), row->rows);
	got = open_stage(&st, row->wait_ms ? row->wait_ms : 10000);
	if (got == 0)
		got = systemd_start(&left_out, st.s, "demo.scope", &scope, row->optional, &st.e);
	record = strike_stage(&st);
	holds = got == row->want && strcmp(record, row->record) == 0 &&
		(got != 0 ||
		 strcmp(joined(left_out, &st.arena), row->left_out ? row->left_out : "") == 0) &&
		(got >= 0 || st.e.kind == ERROR_FAILED);
	if (!holds)
		print_error("%s: want %d, got %d (%s), left out \"%s\"\n-- want\n%s-- got\n%s",
			    row->what, row->want, got, got < 0 ? st.e.text : "",
			    joined(left_out, &st.arena), row->record, record);
	if (got < 0)
		holds = says_all(row->what, st.e.text, row->says) && holds;
	arena_free(&st.arena);
	return holds;
}

static void test_start(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(start_rows); i++)
		for (int bus = 0; bus < 2; bus++)
			wrong += !start_row_holds(&start_rows[i], bus);
	assert_int_equal(wrong, 0);
}

/* --- stop --- */

static const struct stop_row {
	const char *what;
	const char *description;
	struct fake_row rows[6];
	unsigned wait_ms;
	int want;
	const char *record;
	const char *says[6];
} stop_rows[] = {
    {"it runs",
     NULL,
     {{.member = "StopUnit", .job = 8, .result = "done"}, {.member = "ResetFailedUnit"}},
     .record = STOP RESET},
    {"early, among others",
     NULL,
     {{.member = "StopUnit", .job = 8, .result = "done", .early = true, .others = true},
      {.member = "ResetFailedUnit"}},
     .record = STOP RESET},
    {"systemd has forgotten it already",
     NULL,
     {{.member = "StopUnit", .job = 8, .result = "done"},
      {.member = "ResetFailedUnit", .error = NO_UNIT}},
     .record = STOP RESET},
    {"it is ours",
     "the VM",
     {{.member = "Get", .text = "the VM"},
      {.member = "StopUnit", .job = 8, .result = "done"},
      {.member = "ResetFailedUnit"}},
     .record = DESCRIBED STOP RESET},
    {"it is not ours",
     "the VM",
     {{.member = "Get", .text = "the VM of someone else"}, {.member = "Get", .text = "loaded"}},
     .want = SYSTEMD_FOREIGN,
     .record = DESCRIBED LOADED},
    {"absent",
     NULL,
     {{.member = "StopUnit", .error = NO_UNIT, .words = "Unit demo.scope not loaded."}},
     .want = SYSTEMD_ABSENT,
     .record = STOP},
    {"absent, with a description: systemd shows an empty unit",
     "the VM",
     {{.member = "Get", .text = "demo.scope"}, {.member = "Get", .text = "not-found"}},
     .want = SYSTEMD_ABSENT,
     .record = DESCRIBED LOADED},
    {"absent, as another systemd might have it",
     "the VM",
     {{.member = "Get", .error = NO_UNIT}},
     .want = SYSTEMD_ABSENT,
     .record = DESCRIBED},
    {"absent a moment later",
     "the VM",
     {{.member = "Get", .text = "not the VM"}, {.member = "Get", .error = NO_UNIT}},
     .want = SYSTEMD_ABSENT,
     .record = DESCRIBED LOADED},
    {"absent right after",
     "the VM",
     {{.member = "Get", .text = "the VM"}, {.member = "StopUnit", .error = NO_UNIT}},
     .want = SYSTEMD_ABSENT,
     .record = DESCRIBED STOP},
    {"the job was canceled",
     NULL,
     {{.member = "StopUnit", .job = 8, .result = "canceled"}, {.member = "ResetFailedUnit"}},
     .want = -1,
     .record = STOP RESET,
     .says = {"StopUnit of demo.scope", "\"canceled\"", "-u demo.scope"}},
    {"refused",
     NULL,
     {{.member = "StopUnit", .error = DENIED, .words = "Permission denied"}},
     .want = -1,
     .record = STOP,
     .says = {"StopUnit of demo.scope", "Permission denied", "only root may"}},
    {"the description cannot be read",
     "the VM",
     {{.member = "Get", .error = DENIED, .words = "Permission denied"}},
     .want = -1,
     .record = DESCRIBED,
     .says = {"Description", "demo.scope", "Permission denied"}},
    {"frozen: thawed, and stopped",
     NULL,
     {{.member = "StopUnit", .job = 8, .result = "frozen"},
      {.member = "ThawUnit"},
      {.member = "StopUnit", .job = 9, .result = "done"},
      {.member = "ResetFailedUnit"}},
     .record = STOP THAW STOP RESET},
    {"frozen, and gone when thawed",
     NULL,
     {{.member = "StopUnit", .job = 8, .result = "frozen"},
      {.member = "ThawUnit", .error = NO_UNIT},
      {.member = "StopUnit", .error = NO_UNIT}},
     .want = SYSTEMD_ABSENT,
     .record = STOP THAW STOP},
    {"frozen, and it cannot be thawed",
     NULL,
     {{.member = "StopUnit", .job = 8, .result = "frozen"},
      {.member = "ThawUnit", .error = DENIED},
      {.member = "StopUnit", .job = 9, .result = "frozen"},
      {.member = "ResetFailedUnit"}},
     .want = -1,
     .record = STOP THAW STOP RESET,
     .says = {"StopUnit of demo.scope", "\"frozen\""}},
    {"the job does not end",
     NULL,
     {{.member = "StopUnit", .job = 8, .others = true}},
     .wait_ms = 200,
     .want = -1,
     .record = STOP,
     .says = {"StopUnit of demo.scope", "200 ms"}},
    {"the connection is lost: asked again",
     "the VM",
     {{.member = "Get", .text = "the VM"},
      {.member = "StopUnit", .closes = true},
      {.member = "Get", .text = "the VM"},
      {.member = "StopUnit", .job = 9, .result = "done"},
      {.member = "ResetFailedUnit"}},
     .record = DESCRIBED STOP DESCRIBED STOP RESET},
    {"the connection is lost, but it was stopped",
     NULL,
     {{.member = "StopUnit", .closes = true}, {.member = "StopUnit", .error = NO_UNIT}},
     .want = SYSTEMD_ABSENT,
     .record = STOP STOP},
    {"systemd leaves the bus before it answers",
     NULL,
     {{.member = "StopUnit",
       .error = "org.freedesktop.DBus.Error.NoReply",
       .words = "Message recipient disconnected from message bus without replying"}},
     .want = -1,
     .record = STOP,
     .says = {"was lost", "recipient disconnected", "try again"}},
    {"systemd is not on the bus",
     NULL,
     {{.member = "StopUnit",
       .error = "org.freedesktop.DBus.Error.ServiceUnknown",
       .words = "The name org.freedesktop.systemd1 was not provided"}},
     .want = -1,
     .record = STOP,
     .says = {"was not provided", "upgraded"}},
    {"the connection is lost twice",
     NULL,
     {{.member = "StopUnit", .closes = true}, {.member = "StopUnit", .closes = true}},
     .want = -1,
     .record = STOP STOP,
     .says = {"StopUnit of demo.scope", "was lost"}},
};

static bool stop_row_holds(const struct stop_row *row, bool bus)
{
	const char *record;
	struct stage st;
	bool holds;
	int got;

	set_stage(&st);
	st.fake = fake_manager_start(bus ? FAKE_BUS : FAKE_PRIVATE, socket_of(&st, bus), row->rows);
	got = open_stage(&st, row->wait_ms ? row->wait_ms : 10000);
	if (got == 0)
		got = systemd_stop(st.s, "demo.scope", row->description, &st.e);
	record = strike_stage(&st);
	holds = got == row->want && strcmp(record, row->record) == 0 &&
		(got >= 0 || st.e.kind == ERROR_FAILED);
	if (!holds)
		print_error("%s: want %d, got %d (%s)\n-- want\n%s-- got\n%s", row->what, row->want,
			    got, got < 0 ? st.e.text : "", row->record, record);
	if (got < 0)
		holds = says_all(row->what, st.e.text, row->says) && holds;
	arena_free(&st.arena);
	return holds;
}

static void test_stop(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(stop_rows); i++)
		for (int bus = 0; bus < 2; bus++)
			wrong += !stop_row_holds(&stop_rows[i], bus);
	assert_int_equal(wrong, 0);
}

/* --- properties, out and in --- */

static struct unit_item texts[] = {{.key = "one"}, {.key = "two words"}};
static struct unit_item numbers[] = {{.number = 1}, {.number = UINT32_MAX}};
static struct unit_item pairs[] = {{.key = "/dev/kvm", .text = "rwm"}, {.key = "", .text = ""}};
static struct unit_item limits[] = {{.key = "/dev/block/8:0", .number = UINT64_MAX}};
static const unsigned char bytes[] = {0x0f, 0, 0xff};

static struct unit_property all_types[] = {
    {.name = "B0", .type = "b", .number = 0},
    {.name = "B1", .type = "b", .number = 1},
    {.name = "T", .type = "t", .number = UINT64_MAX},
    {.name = "S", .type = "s", .text = "a text"},
    {.name = "S0", .type = "s", .text = ""},
    {.name = "As", .type = "as", .items = texts, .n_items = 2},
    {.name = "As0", .type = "as"},
    {.name = "Au", .type = "au", .items = numbers, .n_items = 2},
    {.name = "Au0", .type = "au"},
    {.name = "Ay", .type = "ay", .bytes = bytes, .n_bytes = 3},
    {.name = "Ay0", .type = "ay"},
    {.name = "Ass", .type = "a(ss)", .items = pairs, .n_items = 2},
    {.name = "Ass0", .type = "a(ss)"},
    {.name = "Ast", .type = "a(st)", .items = limits, .n_items = 1},
    {.name = "Ast0", .type = "a(st)"},
};

#define ALL_TYPES                                                                             \
	"[(B0 <b 0>)(B1 <b 1>)(T <t 18446744073709551615>)(S <s a text>)(S0 <s >)"            \
	"(As <as [one two words]>)(As0 <as []>)(Au <au [1 4294967295]>)(Au0 <au []>)"         \
	"(Ay <ay [15 0 255]>)(Ay0 <ay []>)(Ass <a(ss) [(/dev/kvm rwm)( )]>)(Ass0 <a(ss) []>)" \
	"(Ast <a(st) [(/dev/block/8:0 18446744073709551615)]>)(Ast0 <a(st) []>)]\n"

static const struct set_row {
	const char *what;
	const struct fake_row row;
	int want;
	const char *says[5];
} set_rows[] = {
    {"done", {.member = "SetUnitProperties"}, 0, {0}},
    {"absent", {.member = "SetUnitProperties", .error = NO_UNIT}, SYSTEMD_ABSENT, {0}},
    {"refused",
     {.member = "SetUnitProperties", .error = BAD_ARGS, .words = "Bad value for T, sorry"},
     -1,
     {"SetUnitProperties of demo.scope", "Bad value for T, sorry", "T=infinity"}},
    {"read only",
     {.member = "SetUnitProperties",
      .error = READ_ONLY,
      .words = "Cannot set property Au, or unknown property."},
     -1,
     {"SetUnitProperties of demo.scope", "property Au,"}},
    {"no answer", {.member = "SetUnitProperties", .silence = true}, -1, {"300 ms"}},
    {"closed", {.member = "SetUnitProperties", .closes = true}, -1, {"was lost"}},
};

static void test_set(void **state)
{
	const struct unit_properties p = {all_types, COUNT(all_types)};

	(void)state;
	for (size_t i = 0; i < COUNT(set_rows); i++) {
		/* What is answered after it tells that the files are written. */
		const struct fake_row rows[] = {
		    set_rows[i].row,
		    {.member = set_rows[i].want == 0 ? "Get" : NULL, .text = "252"},
		    {0}};
		struct stage st;
		int got;

		set_stage(&st);
		st.fake = fake_manager_start(FAKE_PRIVATE, socket_of(&st, false), rows);
		assert_int_equal(open_stage(&st, 300), 0);
		got = systemd_set(st.s, "demo.scope", &p, &st.e);
		if (got != set_rows[i].want)
			fail_msg("%s: want %d, got %d", set_rows[i].what, set_rows[i].want, got);
		assert_string_equal(strike_stage(&st),
				    set_rows[i].want == 0
					? "SetUnitProperties demo.scope 1 " ALL_TYPES SETTLED
					: "SetUnitProperties demo.scope 1 " ALL_TYPES);
		if (got < 0) {
			assert_int_equal(st.e.kind, ERROR_FAILED);
			assert_true(says_all(set_rows[i].what, st.e.text, set_rows[i].says));
		}
		arena_free(&st.arena);
	}
}

/* A value that cannot be put on the wire is never half sent. */
static void test_set_what_cannot_be_said(void **state)
{
	static struct unit_item large = {.number = 1ULL << 32};
	static struct unit_property t[] = {
	    {.name = "A", .type = "au", .items = &large, .n_items = 1},
	    {.name = "A", .type = "ai", .items = &large, .n_items = 1},
	    {.name = "A", .type = "x", .number = 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		static const struct fake_row none[] = {{0}};
		const struct unit_properties p = {&t[i], 1};
		struct stage st;

		set_stage(&st);
		st.fake = fake_manager_start(FAKE_PRIVATE, socket_of(&st, false), none);
		assert_int_equal(open_stage(&st, 1000), 0);
		assert_int_equal(systemd_set(st.s, "demo.scope", &p, &st.e), -1);
		assert_non_null(strstr(st.e.text, "SetUnitProperties of demo.scope"));
		assert_string_equal(strike_stage(&st), "");
		arena_free(&st.arena);
	}
}

static void test_get(void **state)
{
	static const char *const names[] = {"Ast", "B0",   "B1",   "T",      "S",   "S0",  "As",
					    "As0", "Au",   "Au0",  "Ay",     "Ay0", "Ass", "Ass0",
					    "Job", "Nice", "Ast0", "Absent", NULL};
	const struct unit_properties sent = {all_types, COUNT(all_types)};
	const struct fake_row rows[] = {{.member = "GetAll", .properties = &sent}, {0}};

	(void)state;
	for (int bus = 0; bus < 2; bus++) {
		struct unit_properties got = {0};
		struct stage st;

		set_stage(&st);
		st.fake =
		    fake_manager_start(bus ? FAKE_BUS : FAKE_PRIVATE, socket_of(&st, bus), rows);
		assert_int_equal(open_stage(&st, 10000), 0);
		if (systemd_get(&got, st.s, "a-b.scope", names, &st.e) != 0)
			fail_msg("%s", st.e.text);
		assert_string_equal(strike_stage(&st), "GetAll \n");
		assert_int_equal(got.n, sent.n);
		for (size_t i = 0; i < sent.n; i++) {
			const struct unit_property *p = unitprop_find(&got, sent.list[i].name);

			if (!p || !unitprop_equal(p, &sent.list[i]))
				fail_msg("%s is not what was sent", sent.list[i].name);
			assert_null(p->why);
		}
		arena_free(&st.arena);
	}
}

static struct unit_property nothing_list[] = {
    {.name = "ActiveState", .type = "s", .text = "inactive"},
    {.name = "LoadState", .type = "s", .text = "not-found"},
    {.name = "TasksMax", .type = "t", .number = 1},
};
static struct unit_property deleted_list[] = {
    {.name = "ActiveState", .type = "s", .text = "active"},
    {.name = "LoadState", .type = "s", .text = "not-found"},
    {.name = "TasksMax", .type = "t", .number = 2},
};
static struct unit_property ended_list[] = {
    {.name = "ActiveState", .type = "s", .text = "inactive"},
    {.name = "LoadState", .type = "s", .text = "loaded"},
    {.name = "TasksMax", .type = "t", .number = 3},
};
static const struct unit_properties nothing = {nothing_list, 3}, deleted = {deleted_list, 3},
				    ended = {ended_list, 3};

/* Which units are there: one that runs although its file is gone is. */
static void test_get_conditions(void **state)
{
	static const char *const names[] = {"TasksMax", NULL};
	static const struct {
		struct fake_row row;
		int want;
		uint64_t tasks;
		const char *says[4];
	} t[] = {
	    {{.member = "GetAll", .properties = &nothing}, SYSTEMD_ABSENT, 0, {0}},
	    {{.member = "GetAll", .properties = &deleted}, 0, 2, {0}},
	    {{.member = "GetAll", .properties = &ended}, 0, 3, {0}},
	    {{.member = "GetAll", .error = NO_UNIT}, SYSTEMD_ABSENT, 0, {0}},
	    {{.member = "GetAll", .error = DENIED, .words = "No."},
	     -1,
	     0,
	     {"GetAll of demo.scope", "No."}},
	    {{.member = "GetAll", .text = "x"}, -1, 0, {"GetAll of demo.scope", "not understood"}},
	    {{.member = "GetAll", .silence = true}, -1, 0, {"300 ms"}},
	    {{.member = "GetAll", .closes = true}, -1, 0, {"was lost"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct fake_row rows[] = {t[i].row, {0}};
		struct unit_properties got = {0};
		struct stage st;

		set_stage(&st);
		st.fake = fake_manager_start(FAKE_PRIVATE, socket_of(&st, false), rows);
		assert_int_equal(open_stage(&st, 300), 0);
		assert_int_equal(systemd_get(&got, st.s, "demo.scope", names, &st.e), t[i].want);
		assert_string_equal(strike_stage(&st), "GetAll \n");
		assert_int_equal(got.n, t[i].want == 0 ? 1 : 0);
		if (t[i].want == 0)
			assert_int_equal(got.list[0].number, t[i].tasks);
		if (t[i].want < 0)
			assert_true(says_all("get", st.e.text, t[i].says));
		arena_free(&st.arena);
	}
}

/* --- version --- */

static void test_version(void **state)
{
	static const struct {
		struct fake_row row;
		int want;
		uint64_t version;
		const char *says[3];
	} t[] = {
	    {{.member = "Get", .text = "252.39-1~deb12u2"}, 0, 252, {0}},
	    {{.member = "Get", .text = "v245.4-1.fc32"}, 0, 245, {0}},
	    {{.member = "Get", .text = "245"}, 0, 245, {0}},
	    {{.member = "Get", .text = "systemd 9"}, 0, 9, {0}},
	    {{.member = "Get", .text = ""}, -1, 0, {"Version", "number"}},
	    {{.member = "Get", .text = "rawhide"}, -1, 0, {"\"rawhide\"", "number"}},
	    {{.member = "Get", .job = 3}, -1, 0, {"Version", "no text"}},
	    {{.member = "Get", .error = DENIED, .words = "No."}, -1, 0, {"Version", "No."}},
	    {{.member = "Get", .silence = true}, -1, 0, {"Version", "300 ms"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct fake_row rows[] = {t[i].row, {0}};
		uint64_t got = 0;
		struct stage st;

		set_stage(&st);
		st.fake = fake_manager_start(FAKE_PRIVATE, socket_of(&st, false), rows);
		assert_int_equal(open_stage(&st, 300), 0);
		assert_int_equal(systemd_version(&got, st.s, &st.e), t[i].want);
		assert_string_equal(strike_stage(&st),
				    "Get org.freedesktop.systemd1.Manager Version\n");
		assert_int_equal(got, t[i].version);
		if (t[i].want < 0) {
			assert_int_equal(st.e.kind, ERROR_HOST);
			assert_true(says_all("version", st.e.text, t[i].says));
		}
		arena_free(&st.arena);
	}
}

/* --- the way there --- */

static void test_library(void **state)
{
	static const struct {
		const char *library;
		const char *says[5];
	} t[] = {
	    {"/nonexistent.so", {"/nonexistent.so", "libsystemd0", "--cgroup-manager cgroupfs"}},
	    {"libm.so.6", {"libm.so.6", "sd_bus_", "libsystemd0", "--cgroup-manager cgroupfs"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct systemd_options o = {.library = t[i].library};
		struct arena a = {0};
		struct systemd *s = NULL;
		struct error e;

		assert_int_equal(systemd_open(&s, &o, &a, &e), -1);
		assert_int_equal(e.kind, ERROR_HOST);
		assert_true(says_all("library", e.text, t[i].says));
		assert_null(s);
		arena_free(&a);
	}
	systemd_close(NULL);
}

static void check_refused(const struct systemd_options *o, const char *const *says)
{
	struct arena a = {0};
	struct systemd *s = NULL;
	struct error e;

	assert_int_equal(systemd_open(&s, o, &a, &e), -1);
	assert_int_equal(e.kind, ERROR_HOST);
	assert_true(says_all("refused", e.text, says));
	assert_null(s);
	arena_free(&a);
}

static void test_addresses(void **state)
{
	static const struct {
		struct systemd_options o;
		const char *says[6];
	} t[] = {
	    {{.user = true}, {"XDG_RUNTIME_DIR", "not set", "--cgroup-manager cgroupfs"}},
	    {{.user = true, .runtime = "run/user/1"}, {"XDG_RUNTIME_DIR", "no absolute path"}},
	    {{.user = true, .runtime = "/nonexistent"},
	     {"your systemd", "/nonexistent/systemd/private: No such file or directory",
	      "/nonexistent/bus: No such file or directory", "systemctl --user"}},
	    /* what would be two addresses, the second a program, is one path */
	    {{.user = true, .runtime = "/nonexistent,x;unixexec:path=/bin/true"},
	     {"/nonexistent,x;unixexec:path=/bin/true/bus: No such file or directory"}},
	    {{.address = "unix:path=/nonexistent"}, {"/nonexistent: No such file or directory"}},
	    {{.address = "unixexec:path=/bin/true"}, {"unixexec", "unix:path="}},
	    {{.address = "unix:path=/nonexistent;unixexec:path=/bin/true"}, {"unix:path="}},
	    {{.address = "tcp:host=localhost,port=1"}, {"tcp:", "unix:path="}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		check_refused(&t[i].o, t[i].says);
}

/* Bytes of a path that mean something in an address mean nothing here. */
static void test_odd_directory(void **state)
{
	static const struct fake_row rows[] = {{.member = "Get", .text = "252"}, {0}};
	struct stage st;
	uint64_t version = 0;
	char odd[60], path[80];
	struct systemd_options o = {.user = true, .runtime = odd};

	(void)state;
	set_stage(&st);
	snprintf(odd, sizeof(odd), "%s/a,b;c %%41=\xc3\xa4", st.dir);
	assert_int_equal(mkdir(odd, 0700), 0);
	snprintf(path, sizeof(path), "%s/bus", odd);
	st.fake = fake_manager_start(FAKE_BUS, path, rows);
	if (systemd_open(&st.s, &o, &st.arena, &st.e) != 0)
		fail_msg("%s", st.e.text);
	assert_int_equal(systemd_version(&version, st.s, &st.e), 0);
	assert_int_equal(version, 252);
	unlink(path);
	rmdir(odd);
	strike_stage(&st);
	arena_free(&st.arena);
}

/* The manager's own socket lets nobody in: then the bus. */
static void test_fallback(void **state)
{
	static const struct fake_row none[] = {{0}};
	static const struct fake_row rows[] = {{.member = "Get", .text = "252"}, {0}};
	struct fake_manager *deaf;
	struct stage st;
	uint64_t version = 0;

	(void)state;
	set_stage(&st);
	deaf = fake_manager_start(FAKE_DEAF, socket_of(&st, false), none);
	st.fake = fake_manager_start(FAKE_BUS, socket_of(&st, true), rows);
	if (open_stage(&st, 10000) != 0)
		fail_msg("%s", st.e.text);
	assert_int_equal(systemd_version(&version, st.s, &st.e), 0);
	assert_int_equal(version, 252);
	free(fake_manager_stop(deaf));
	strike_stage(&st);
	arena_free(&st.arena);
}

/* Both let nobody in: both are named. */
static void test_nobody(void **state)
{
	static const struct fake_row none[] = {{0}};
	const char *says[] = {"systemd/private: Connection reset by peer", "bus: No such file",
			      NULL};
	struct stage st;

	(void)state;
	set_stage(&st);
	st.fake = fake_manager_start(FAKE_DEAF, socket_of(&st, false), none);
	assert_int_equal(open_stage(&st, 10000), -1);
	assert_int_equal(st.e.kind, ERROR_HOST);
	assert_true(says_all("nobody", st.e.text, says));
	strike_stage(&st);
	arena_free(&st.arena);
}

/* Someone accepts and never speaks: the time ends it. */
static void test_mute(void **state)
{
	static const struct fake_row none[] = {{0}};
	const char *says[] = {"systemd/private: Connection timed out", NULL};
	uint64_t start = now_ms(), took;
	struct stage st;

	(void)state;
	set_stage(&st);
	st.fake = fake_manager_start(FAKE_MUTE, socket_of(&st, false), none);
	assert_int_equal(open_stage(&st, 200), -1);
	took = now_ms() - start;
	assert_in_range(took, 200, 5000);
	assert_true(says_all("mute", st.e.text, says));
	strike_stage(&st);
	arena_free(&st.arena);
}

/* A full queue, or a systemd that will listen again, is waited for, but not for longer than there
 * is time. */
static void test_busy(void **state)
{
	static const struct {
		enum fake_kind kind;
		unsigned wait_ms;
		int want;
		const char *says;
	} t[] = {
	    {FAKE_LATE, 10000, 0, NULL},
	    {FAKE_LATE, 120, -1, "Resource temporarily unavailable"},
	    {FAKE_ANEW, 10000, 0, NULL},
	    {FAKE_ANEW, 120, -1, "Connection refused"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		static const struct fake_row none[] = {{0}};
		struct stage st;
		int got;

		set_stage(&st);
		st.fake = fake_manager_start(t[i].kind, socket_of(&st, false), none);
		got = open_stage(&st, t[i].wait_ms);
		if (got != t[i].want)
			fail_msg("%u ms: got %d: %s", t[i].wait_ms, got, got ? st.e.text : "");
		if (got < 0)
			assert_non_null(strstr(st.e.text, t[i].says));
		strike_stage(&st);
		arena_free(&st.arena);
	}
}

/* --- the message bus --- */

#define RULE(unit)                                                                               \
	"AddMatch type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/"       \
	"systemd1',interface='org.freedesktop.systemd1.Manager',member='JobRemoved',arg2='" unit \
	"'\n"

/* What a bus is told: a rule for each unit, once, ahead of the call; Subscribe once. */
static void test_bus(void **state)
{
	static const struct fake_row rows[] = {STARTED,
					       {.member = "StopUnit", .job = 8, .result = "done"},
					       {.member = "ResetFailedUnit"},
					       {.member = "StopUnit", .error = NO_UNIT},
					       {0}};
	const struct unit_properties none = {0};
	const char **left_out;
	struct stage st;
	char *record;

	(void)state;
	set_stage(&st);
	st.fake = fake_manager_start(FAKE_BUS, socket_of(&st, true), rows);
	assert_int_equal(open_stage(&st, 10000), 0);
	assert_int_equal(systemd_start(&left_out, st.s, "demo.scope", &none, NULL, &st.e), 0);
	assert_int_equal(systemd_stop(st.s, "demo.scope", NULL, &st.e), 0);
	assert_int_equal(systemd_stop(st.s, "a\\x2bb.scope", NULL, &st.e), SYSTEMD_ABSENT);
	systemd_close(st.s);
	st.s = NULL;
	record = fake_manager_stop(st.fake);
	st.fake = NULL;
	assert_string_equal(
	    record, RULE("demo.scope") "Subscribe \n"
				       "StartTransientUnit demo.scope fail [] []\n" STOP RESET RULE(
					   "a\\x2bb.scope") "StopUnit a\\x2bb.scope replace\n");
	free(record);
	strike_stage(&st);
	arena_free(&st.arena);
}

/* A bus that passes no signals on: said at once, not when the time is over. */
static void test_bus_refuses_signals(void **state)
{
	static const struct fake_row rows[] = {
	    {.member = "AddMatch",
	     .error = "org.freedesktop.DBus.Error.LimitsExceeded",
	     .words = "Too many rules"},
	    {.member = "StopUnit", .job = 8},
	    {0}};
	const char *says[] = {"StopUnit of demo.scope", "Too many rules", "LimitsExceeded", NULL};
	uint64_t start = now_ms();
	struct stage st;

	(void)state;
	set_stage(&st);
	st.fake = fake_manager_start(FAKE_BUS, socket_of(&st, true), rows);
	assert_int_equal(open_stage(&st, 30000), 0);
	assert_int_equal(systemd_stop(st.s, "demo.scope", NULL, &st.e), -1);
	assert_true(now_ms() - start < 10000);
	assert_true(says_all("rules", st.e.text, says));
	strike_stage(&st);
	arena_free(&st.arena);
}

/* A connection that was lost is made anew by whatever comes next, and what was said before
 * counts no more: the rule and Subscribe are sent again. */
static void test_lost(void **state)
{
	static const struct fake_row rows[] = {{.member = "StopUnit", .error = NO_UNIT},
					       {.member = "SetUnitProperties", .closes = true},
					       {.member = "SetUnitProperties"},
					       {.member = "Get", .text = "252"},
					       {.member = "SetUnitProperties", .closes = true},
					       {.member = "Get", .text = "252"},
					       {.member = "SetUnitProperties", .closes = true},
					       {.member = "GetAll", .properties = &ended},
					       {.member = "SetUnitProperties", .closes = true},
					       STARTED,
					       {0}};
	static const char *const names[] = {NULL};
	const struct unit_properties none = {0};
	struct unit_properties got = {0};
	const char **left_out;
	uint64_t version;
	struct stage st;
	char *record;

	(void)state;
	set_stage(&st);
	st.fake = fake_manager_start(FAKE_BUS, socket_of(&st, true), rows);
	assert_int_equal(open_stage(&st, 10000), 0);
	assert_int_equal(systemd_stop(st.s, "demo.scope", NULL, &st.e), SYSTEMD_ABSENT);
	assert_int_equal(systemd_set(st.s, "x.scope", &none, &st.e), -1);
	assert_non_null(strstr(st.e.text, "was lost"));
	assert_int_equal(systemd_set(st.s, "x.scope", &none, &st.e), 0);
	assert_int_equal(systemd_set(st.s, "x.scope", &none, &st.e), -1);
	assert_int_equal(systemd_version(&version, st.s, &st.e), 0);
	assert_int_equal(systemd_set(st.s, "x.scope", &none, &st.e), -1);
	assert_int_equal(systemd_get(&got, st.s, "x.scope", names, &st.e), 0);
	assert_int_equal(systemd_set(st.s, "x.scope", &none, &st.e), -1);
	assert_int_equal(systemd_start(&left_out, st.s, "demo.scope", &none, NULL, &st.e), 0);
	systemd_close(st.s);
	st.s = NULL;
	record = fake_manager_stop(st.fake);
	st.fake = NULL;
	assert_non_null(strstr(record, RULE("demo.scope") "Subscribe \nStopUnit "));
	assert_non_null(strstr(record, RULE("demo.scope") "Subscribe \nStartTransientUnit "));
	assert_null(strstr(record, "UNEXPECTED"));
	assert_null(strstr(record, "NOT ASKED"));
	free(record);
	strike_stage(&st);
	arena_free(&st.arena);
}

/* Lost, and nobody there any more: a failure of the work, not of the host before it. */
static void test_lost_for_good(void **state)
{
	static const struct fake_row rows[] = {{.member = "SetUnitProperties", .closes = true},
					       {0}};
	const struct unit_properties none = {0};
	struct stage st;

	(void)state;
	set_stage(&st);
	st.fake = fake_manager_start(FAKE_PRIVATE, socket_of(&st, false), rows);
	assert_int_equal(open_stage(&st, 10000), 0);
	assert_int_equal(systemd_set(st.s, "x.scope", &none, &st.e), -1);
	free(fake_manager_stop(st.fake));
	st.fake = NULL;
	assert_int_equal(systemd_stop(st.s, "x.scope", NULL, &st.e), -1);
	assert_int_equal(st.e.kind, ERROR_FAILED);
	assert_non_null(strstr(st.e.text, "systemd/private: Connection refused"));
	strike_stage(&st);
	arena_free(&st.arena);
}

/* All calls of a connection share its time. */
static void test_one_deadline(void **state)
{
	static const struct fake_row rows[] = {
	    {.member = "Get", .text = "252"}, {.member = "StopUnit", .job = 8}, {0}};
	uint64_t start = now_ms(), version, took;
	struct stage st;

	(void)state;
	set_stage(&st);
	st.fake = fake_manager_start(FAKE_PRIVATE, socket_of(&st, false), rows);
	assert_int_equal(open_stage(&st, 1000), 0);
	usleep(800000);
	assert_int_equal(systemd_version(&version, st.s, &st.e), 0);
	assert_int_equal(systemd_stop(st.s, "demo.scope", NULL, &st.e), -1);
	took = now_ms() - start;
	assert_in_range(took, 1000, 1700);
	/* and when it is over nothing is asked any more */
	assert_int_equal(systemd_version(&version, st.s, &st.e), -1);
	assert_non_null(strstr(st.e.text, "1000 ms"));
	assert_string_equal(strike_stage(&st),
			    "Get org.freedesktop.systemd1.Manager Version\n" STOP);
	arena_free(&st.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_start),        cmocka_unit_test(test_stop),
	    cmocka_unit_test(test_set),          cmocka_unit_test(test_set_what_cannot_be_said),
	    cmocka_unit_test(test_get),          cmocka_unit_test(test_get_conditions),
	    cmocka_unit_test(test_version),      cmocka_unit_test(test_library),
	    cmocka_unit_test(test_addresses),    cmocka_unit_test(test_odd_directory),
	    cmocka_unit_test(test_fallback),     cmocka_unit_test(test_nobody),
	    cmocka_unit_test(test_mute),         cmocka_unit_test(test_busy),
	    cmocka_unit_test(test_bus),          cmocka_unit_test(test_bus_refuses_signals),
	    cmocka_unit_test(test_lost),         cmocka_unit_test(test_lost_for_good),
	    cmocka_unit_test(test_one_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
