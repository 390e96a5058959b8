/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-compose - a config, a host and a target to the whole list of steps
 *
 * A step is "OP CONTROLLER PATH [FILE=VALUE]", "-" for the v2 tree; a blank line
 * stands between phases. What single controllers make of their fields has tests of
 * its own; here it is what comes when, where, and in which hierarchy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/compose.h"
#include "hook/devlist.h"
#include "oci/config.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { INIT = 42, VM = 77 };

#define MACHINE  ",\"cpus\":\"0-3\",\"mems\":\"0\""
#define V1(name) "\"" name "\":\"/sys/fs/cgroup/" name "\""

/* cpu and cpuacct share a directory */
#define LEGACY                                                   \
	"\"layout\":\"legacy\",\"mounts\":{" V1(                 \
	    "memory") ",\"cpu\":\"/sys/fs/cgroup/cpu,cpuacct\"," \
		      "\"cpuacct\":\"/sys/fs/cgroup/cpu,cpuacct\"," V1("devices") "}" MACHINE
#define LEGACY_CPUSET \
	"\"layout\":\"legacy\",\"mounts\":{" V1("cpuset") "," V1("devices") "}" MACHINE
#define HYBRID                                                    \
	"\"layout\":\"hybrid\",\"mounts\":{" V1("memory") "," V1( \
	    "devices") ",\"unified\":"                            \
		       "\"/sys/fs/cgroup/"                        \
		       "unified\"},\"controllers\":[\"hugetlb\",\"pids\"]" MACHINE
#define UNIFIED                                                                                \
	"\"layout\":\"unified\",\"mounts\":{\"unified\":\"/sys/fs/cgroup\"},\"controllers\":[" \
	"\"cpuset\",\"cpu\",\"io\",\"memory\",\"pids\"]" MACHINE

#define UNIFIED_HUGE                                                                           \
	"\"layout\":\"unified\",\"mounts\":{\"unified\":\"/sys/fs/cgroup\"},\"controllers\":[" \
	"\"cpuset\",\"cpu\",\"memory\",\"hugetlb\"],\"files\":[\"hugetlb.2MB.max\"]" MACHINE

#define AT(pid, places) "{\"pid\":" #pid ",\"cgroups\":{" places "}}"

struct row {
	const char *name;
	const char *host, *more;
	const char *path;   /* the target's; "/vm" when NULL */
	const char *config; /* linux.resources */
	const char *policy;
	enum mode mode;
	const char *tail;
	int64_t vm;
	bool nothing;
	bool systemd; /* the manager; the unit is vm.scope */
	bool standing;
	bool only_devices;
	const char *given, *denied; /* as devices.list has them; "*" before: default allow */
	const char *want;
};

static const struct row rows[] = {
    {.name = "legacy: every mounted hierarchy once, filter, place, then limits",
     .host = LEGACY,
     .vm = VM,
     .config = "{\"memory\":{\"limit\":1048576},\"cpu\":{\"shares\":512}}",
     .want = "mkdir memory /vm\n"
	     "mkdir cpu /vm\n"
	     "mkdir devices /vm\n"
	     "\n"
	     "devices devices /vm\n"
	     "\n"
	     "place memory /vm cgroup.procs=77\n"
	     "place cpu /vm cgroup.procs=77\n"
	     "place devices /vm cgroup.procs=77\n"
	     "\n"
	     "write cpu /vm cpu.shares=512\n"
	     "write memory /vm memory.limit_in_bytes=1048576\n"},
    {.name = "legacy: parents first, those that exist are left alone",
     .host = LEGACY,
     .more = ",\"cgroups\":{\"/a\":{\"in\":[\"memory\"]}}",
     .path = "/a/b",
     .config = "{}",
     .want = "mkdir memory /a/b\n"
	     "mkdir cpu /a\n"
	     "mkdir cpu /a/b\n"
	     "mkdir devices /a\n"
	     "mkdir devices /a/b\n"
	     "\n"
	     "devices devices /a/b\n"},
    {.name = "legacy: a cpuset is filled level by level, the leaf after what was asked for",
     .host = LEGACY_CPUSET,
     .path = "/a/b",
     .vm = VM,
     .config = "{\"cpu\":{\"cpus\":\"0-1\"}}",
     .want = "mkdir cpuset /a\n"
	     "mkdir cpuset /a/b\n"
	     "mkdir devices /a\n"
	     "mkdir devices /a/b\n"
	     "inherit cpuset /a cpuset.cpus\n"
	     "inherit cpuset /a cpuset.mems\n"
	     "\n"
	     "write cpuset /a/b cpuset.cpus=0-1\n"
	     "inherit cpuset /a/b cpuset.cpus\n"
	     "inherit cpuset /a/b cpuset.mems\n"
	     "devices devices /a/b\n"
	     "\n"
	     "place cpuset /a/b cgroup.procs=77\n"
	     "place devices /a/b cgroup.procs=77\n"
	     "affinity cpuset /a/b ?=77\n"},
    {.name = "legacy: no cpus asked for, no affinity touched; noprefix names",
     .host = LEGACY_CPUSET ",\"files\":[\"cpus\",\"mems\"]",
     .vm = VM,
     .config = "{}",
     .want = "mkdir cpuset /vm\n"
	     "mkdir devices /vm\n"
	     "\n"
	     "inherit cpuset /vm cpus\n"
	     "inherit cpuset /vm mems\n"
	     "devices devices /vm\n"
	     "\n"
	     "place cpuset /vm cgroup.procs=77\n"
	     "place devices /vm cgroup.procs=77\n"},
    {.name = "legacy: a VM that is there already is not moved there",
     .host = LEGACY,
     .more = ",\"cgroups\":{\"/vm\":{}},\"processes\":[" AT(
	 77, "\"memory\":\"/vm\",\"cpu\":\"/elsewhere\"") "]",
     .vm = VM,
     .config = "{}",
     .want = "devices devices /vm\n"
	     "\n"
	     "place cpu /vm cgroup.procs=77\n"
	     "place devices /vm cgroup.procs=77\n"},
    {.name = "unified: what is needed is enabled from the root down, the leaf is not",
     .host = UNIFIED,
     .path = "/a/b",
     .vm = VM,
     .config = "{\"memory\":{\"limit\":1048576},\"pids\":{\"limit\":5},\"unified\":{"
	       "\"memory.high\":\"4096\"}}",
     .want = "mkdir - /a\n"
	     "mkdir - /a/b\n"
	     "enable - / cgroup.subtree_control=+memory +pids\n"
	     "enable - /a cgroup.subtree_control=+memory +pids\n"
	     "\n"
	     "devices devices /a/b\n"
	     "\n"
	     "place - /a/b cgroup.procs=77\n"
	     "\n"
	     "write memory /a/b memory.max=1048576\n"
	     "write pids /a/b pids.max=5\n"
	     "\n"
	     "write memory /a/b memory.high=4096\n"},
    {.name = "unified: what is enabled already is not enabled again",
     .host = UNIFIED,
     .path = "/a/b",
     .more = ",\"cgroups\":{\"/\":{\"subtree_control\":\"cpuset memory pids\"},\"/a\":{\"type\":"
	     "\"domain\",\"subtree_control\":\"memory\"}}",
     .config = "{\"memory\":{\"limit\":4096},\"pids\":{\"limit\":5},\"cpu\":{\"shares\":1024}}",
     .want = "mkdir - /a/b\n"
	     "enable - / cgroup.subtree_control=+cpu\n"
	     "enable - /a cgroup.subtree_control=+cpu +pids\n"
	     "\n"
	     "devices devices /a/b\n"
	     "\n"
	     "write cpu /a/b cpu.weight=100\n"
	     "write memory /a/b memory.max=4096\n"
	     "write pids /a/b pids.max=5\n"},
    {.name = "unified: nothing asked for, nothing enabled",
     .host = UNIFIED,
     .config = "{}",
     .want = "mkdir - /vm\n"
	     "\n"
	     "devices devices /vm\n"},
    {.name = "unified: processes on the way forbid enabling",
     .host = UNIFIED,
     .path = "/a/b",
     .more = ",\"cgroups\":{\"/\":{\"procs\":9},\"/a\":{\"type\":\"domain\",\"procs\":2}}",
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = "host: /a: holds 2 processes, so +memory cannot be enabled for its children"},
    {.name = "unified: not when everything is enabled there already",
     .host = UNIFIED,
     .path = "/a/b",
     .more = ",\"cgroups\":{\"/\":{\"subtree_control\":\"memory\"},\"/a\":{\"type\":\"domain\","
	     "\"procs\":2,\"subtree_control\":\"memory\"}}",
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = "mkdir - /a/b\n"
	     "\n"
	     "devices devices /a/b\n"
	     "\n"
	     "write memory /a/b memory.max=4096\n"},
    {.name = "unified: a threaded ancestor cannot hand controllers down",
     .host = UNIFIED,
     .path = "/a/b",
     .more = ",\"cgroups\":{\"/a\":{\"type\":\"domain threaded\"}}",
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = "host: /a: cgroup.type is \"domain threaded\": +memory cannot be enabled below it"},
    {.name = "hybrid: both trees, each controller where it lives",
     .host = HYBRID,
     .vm = VM,
     .config = "{\"memory\":{\"limit\":4096},\"pids\":{\"limit\":5}}",
     .want = "mkdir memory /vm\n"
	     "mkdir devices /vm\n"
	     "mkdir - /vm\n"
	     "enable - / cgroup.subtree_control=+pids\n"
	     "\n"
	     "devices devices /vm\n"
	     "\n"
	     "place memory /vm cgroup.procs=77\n"
	     "place devices /vm cgroup.procs=77\n"
	     "place - /vm cgroup.procs=77\n"
	     "\n"
	     "write memory /vm memory.limit_in_bytes=4096\n"
	     "write pids /vm pids.max=5\n"},

    {.name = "adopt: nothing made, nothing enabled, init not moved",
     .host = UNIFIED,
     .mode = MODE_ADOPT,
     .more = ",\"cgroups\":{\"/\":{\"subtree_control\":\"memory\"}},\"processes\":[" AT(
	 42, "\"unified\":\"/vm\"") "]",
     .vm = INIT,
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = "devices devices /vm\n"
	     "\n"
	     "write memory /vm memory.max=4096\n"},
    {.name = "adopt: limits at the target, every filter down to init's own",
     .host = UNIFIED,
     .mode = MODE_ADOPT,
     .more = ",\"cgroups\":{\"/\":{\"subtree_control\":\"memory\"}},\"processes\":[" AT(
	 42, "\"unified\":\"/vm/a/b\"") "]",
     .vm = INIT,
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = "devices devices /vm\n"
	     "devices devices /vm/a\n"
	     "devices devices /vm/a/b\n"
	     "\n"
	     "write memory /vm memory.max=4096\n"},
    {.name = "adopt: a VM elsewhere joins init's group, one inside stays",
     .host = LEGACY,
     .mode = MODE_ADOPT,
     .more = ",\"processes\":[" AT(
	 42, "\"memory\":\"/vm\",\"cpu\":\"/vm/x\",\"devices\":\"/"
	     "vm\"") "," AT(77, "\"memory\":\"/vm/y\",\"cpu\":\"/\",\"devices\":\"/host\"") "]",
     .vm = VM,
     .config = "{}",
     .want = "devices devices /vm\n"
	     "\n"
	     "place cpu /vm/x cgroup.procs=77\n"
	     "place devices /vm cgroup.procs=77\n"},
    {.name = "adopt: another base in each v1 hierarchy",
     .host = LEGACY,
     .mode = MODE_ADOPT,
     .path = "/one/c",
     .tail = "c",
     .more = ",\"processes\":[" AT(
	 42, "\"memory\":\"/one/c\",\"cpu\":\"/two/c\",\"devices\":\"/three/c/d\"") "]",
     .vm = INIT,
     .config = "{\"memory\":{\"limit\":4096},\"cpu\":{\"shares\":512}}",
     .want = "devices devices /three/c\n"
	     "devices devices /three/c/d\n"
	     "\n"
	     "write cpu /two/c cpu.shares=512\n"
	     "write memory /one/c memory.limit_in_bytes=4096\n"},
    {.name = "adopt: a limit where init has no group of the container",
     .host = LEGACY,
     .mode = MODE_ADOPT,
     .more = ",\"processes\":[" AT(42, "\"memory\":\"/\",\"cpu\":\"/vm\",\"devices\":\"/vm\"") "]",
     .vm = INIT,
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = "host: /linux/resources/memory/limit: the container's init (process 42) is not in /vm "
	     "in the memory hierarchy"},
    {.name = "adopt: no filter can be found",
     .host = LEGACY,
     .mode = MODE_ADOPT,
     .more = ",\"processes\":[" AT(42, "\"cpu\":\"/vm\",\"devices\":\"/\"") "]",
     .vm = INIT,
     .config = "{}",
     .want = "host: the hierarchy that filters devices"},

    {.name = "no way to filter devices",
     .host = "\"layout\":\"legacy\",\"mounts\":{" V1("memory") "}",
     .config = "{}",
     .want = "host: can filter devices neither by the v1"},
    {.name = "a hole in a wildcard",
     .host = UNIFIED,
     .config = "{\"devices\":[{\"allow\":true,\"type\":\"c\",\"access\":\"rwm\",\"major\":1},"
	       "{\"allow\":false,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"r\"}]}",
     .want = "input: /linux/resources/devices/1"},
    {.name = "rootless: no filter",
     .host = UNIFIED ",\"rootless\":true,\"euid\":1000,\"delegated\":\"/u\"",
     .path = "/u/vm",
     .more = ",\"cgroups\":{\"/\":{\"subtree_control\":\"memory\"},\"/u\":{\"type\":\"domain\"}}",
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = "mkdir - /u/vm\n"
	     "enable - /u cgroup.subtree_control=+memory\n"
	     "\n"
	     "write memory /u/vm memory.max=4096\n"},
    {.name = "systemd: the unit first, its directories and limits are not ours",
     .host = HYBRID ",\"systemd\":252",
     .systemd = true,
     .path = "/a.slice/vm.scope",
     .vm = VM,
     .config = "{\"memory\":{\"limit\":4096,\"swap\":-1},\"hugepageLimits\":[]}",
     .want = "start - /a.slice/vm.scope ?=vm.scope\n"
	     "\n"
	     "devices devices /a.slice/vm.scope\n"
	     "\n"
	     "verify memory /a.slice/vm.scope memory.limit_in_bytes=4096\n"},
    {.name = "systemd: what is not delegated is enabled below the unit's slices",
     .host = UNIFIED_HUGE ",\"systemd\":257",
     .systemd = true,
     .path = "/a.slice/vm.scope",
     .vm = VM,
     .config = "{\"memory\":{\"limit\":4096},\"cpu\":{\"cpus\":\"0\"},"
	       "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":2097152}]}",
     .want = "start - /a.slice/vm.scope ?=vm.scope\n"
	     "enable - / cgroup.subtree_control=+hugetlb\n"
	     "enable - /a.slice cgroup.subtree_control=+hugetlb\n"
	     "\n"
	     "devices devices /a.slice/vm.scope\n"
	     "\n"
	     "affinity cpuset /a.slice/vm.scope ?=77\n"
	     "\n"
	     "verify cpuset /a.slice/vm.scope cpuset.cpus=0\n"
	     "verify memory /a.slice/vm.scope memory.max=4096\n"
	     "write hugetlb /a.slice/vm.scope hugetlb.2MB.max=2097152\n"},
    {.name = "systemd: no process, no scope",
     .host = UNIFIED ",\"systemd\":257",
     .systemd = true,
     .path = "/a.slice/vm.scope",
     .config = "{}",
     .want = "host: vm.scope: systemd makes a scope only around a process"},
    {.name = "systemd: the runtime's unit is told, and the files are written",
     .host = UNIFIED ",\"systemd\":257",
     .more = ",\"processes\":[" AT(42, "\"unified\":\"/a.slice/vm.scope/container\"") "]",
     .systemd = true,
     .mode = MODE_ADOPT,
     .path = "/a.slice/vm.scope",
     .vm = INIT,
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = "set - /a.slice/vm.scope ?=vm.scope\n"
	     "\n"
	     "devices devices /a.slice/vm.scope\n"
	     "devices devices /a.slice/vm.scope/container\n"
	     "\n"
	     "write memory /a.slice/vm.scope memory.max=4096\n"},
    {.name = "systemd: a hierarchy in which init is elsewhere is no reason not to tell the unit",
     .host = LEGACY ",\"systemd\":252",
     .more = ",\"processes\":[" AT(42, "\"memory\":\"/a.slice/vm.scope\","
				       "\"devices\":\"/a.slice/vm.scope\"") "]",
     .systemd = true,
     .mode = MODE_ADOPT,
     .path = "/a.slice/vm.scope",
     .vm = INIT,
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = "set name=systemd /a.slice/vm.scope ?=vm.scope\n"
	     "\n"
	     "devices devices /a.slice/vm.scope\n"
	     "\n"
	     "write memory /a.slice/vm.scope memory.limit_in_bytes=4096\n"},
    {.name = "rootless without delegation: no step at all",
     .host = UNIFIED ",\"rootless\":true",
     .nothing = true,
     .config = "{\"memory\":{\"limit\":4096}}",
     .want = ""},
};

static void render(struct text *out, const struct plan *p)
{
	text_puts(out, "");
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct plan_step *s = &p->steps[i];

		assert_true(s->why && s->why[0]);
		if (i && s->phase != p->steps[i - 1].phase)
			text_puts(out, "\n");
		text_printf(out, "%s %s %s", plan_op_name[s->op],
			    s->controller[0] ? s->controller : "-", s->path);
		if (s->file || s->value)
			text_printf(out, " %s%s%s", s->file ? s->file : "?", s->value ? "=" : "",
				    s->value ? s->value : "");
		text_puts(out, "\n");
	}
}

static void must(int r, const struct error *e, const struct row *row)
{
	if (r < 0)
		fail_msg("%s: %s", row->name, e->text);
}

/* A device policy; NULL: none is given. */
static const struct device_policy *policy_of(const char *text, struct arena *a)
{
	struct device_policy *p = arena_alloc(a, sizeof(*p));
	struct devlist_state list = {0};

	if (!text)
		return NULL;
	assert_int_equal(devlist_parse(&list, text + (*text == '*'), "row", a, NULL), 0);
	*p = (struct device_policy){*text == '*', list.entries, list.n};
	return p;
}

/* The row's documents; the plan's own part is the test. */
static int make(struct plan *plan, const struct row *row, struct error *e)
{
	struct arena *a = plan->arena;
	struct facts facts = {0};
	struct oci_config config = {0};
	struct policy policy = {0};
	struct hypervisor_devices devices = {0};
	const char *host = arena_printf(a, "{%s%s}", row->host, row->more ? row->more : "");
	const char *doc = arena_printf(a, "{\"linux\":{\"resources\":%s}}", row->config);
	const char *rules = row->policy ? row->policy : "{}";
	const char *path = row->path ? row->path : "/vm";
	struct target target = {.path = path, .why = "/linux/cgroupsPath", .mode = row->mode};
	const struct compose_input in = {.resources = &config.resources,
					 .policy = &policy,
					 .facts = &facts,
					 .target = &target,
					 .devices = &devices,
					 .init = INIT,
					 .vm = row->vm,
					 .vm_why = "state:/pid",
					 .given = policy_of(row->given, a),
					 .given_denied = policy_of(row->denied, a),
					 .only_devices = row->only_devices};

	must(facts_parse(&facts, a, host, strlen(host), e), e, row);
	must(oci_config_parse(&config, a, doc, strlen(doc), e), e, row);
	must(policy_parse(&policy, a, rules, strlen(rules), e), e, row);
	target.tail = row->tail;
	target.nothing = row->nothing;
	target.standing = row->standing;
	if (row->systemd) {
		target.manager = MANAGER_SYSTEMD;
		target.id = "c1";
		target.unit = "vm.scope";
		target.slice = "a.slice";
	}
	target.fresh = facts_cgroup(&facts, path) == NULL;
	hypervisor_list(&devices, &policy, NULL, 0, plan);
	return compose_plan(plan, &in, e);
}

static bool run(const struct row *row, struct text *got)
{
	struct arena a = {0};
	struct plan plan = {.arena = &a};
	struct error e = {0};
	bool ok;

	if (make(&plan, row, &e) == 0) {
		render(got, &plan);
		ok = strcmp(got->s, row->want) == 0;
	} else {
		text_printf(got, "%s: %s", e.kind == ERROR_INPUT ? "input" : "host", e.text);
		ok = strncmp(got->s, row->want, 4) == 0 && strchr(row->want, ':') &&
		     strstr(e.text, strchr(row->want, ':') + 2);
	}
	arena_free(&a);
	return ok;
}

static void test_steps(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text got = {0};

		if (!run(&rows[i], &got)) {
			print_error("%s\n-- want\n%s\n-- got\n%s\n", rows[i].name, rows[i].want,
				    got.s);
			wrong++;
		}
		text_free(&got);
	}
	assert_int_equal(wrong, 0);
}

/* --- a container that is set up already --- */

#define BARE_DEVICES "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}"
#define HOLE                                                                            \
	"{\"devices\":[{\"allow\":true,\"type\":\"c\",\"access\":\"rwm\",\"major\":1}," \
	"{\"allow\":false,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"r\"}]}"
#define LIMITS                                                                  \
	"{\"memory\":{\"limit\":4096},\"cpu\":{\"shares\":512,\"cpus\":\"0\"}," \
	"\"pids\":{\"limit\":5},\"unified\":{\"memory.high\":\"4096\"}}"

/* The steps, then the policy, then the unit's properties. */
static const struct row later[] = {
    {.name = "given: instead of the config's rules, the base list and the hypervisor's devices",
     .host = UNIFIED,
     .more = ",\"cgroups\":{\"/\":{\"subtree_control\":\"memory\"},\"/vm\":{}}",
     .config = "{\"memory\":{\"limit\":4096},\"devices\":[{\"allow\":true,\"type\":\"b\","
	       "\"major\":8,\"minor\":0,\"access\":\"r\"}]}",
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = "devices devices /vm\n"
	     "\n"
	     "write memory /vm memory.max=4096\n"
	     "= deny: c 10:232 rwm\n"},
    {.name = "given: rules that would be refused were taken once, and are not looked at again",
     .host = UNIFIED,
     .more = ",\"cgroups\":{\"/vm\":{}}",
     .config = HOLE,
     .given = "*b 8:0 r\n",
     .denied = "c 1:3 r\n",
     .want = "devices devices /vm\n"
	     "= allow: b 8:0 r\n"
	     "- deny: c 1:3 r\n"},
    {.name = "given: nothing is allowed, which is not that nothing is given",
     .host = UNIFIED,
     .more = ",\"cgroups\":{\"/vm\":{}}",
     .config = BARE_DEVICES,
     .given = "",
     .denied = "",
     .want = "devices devices /vm\n"
	     "= deny:\n"},

    {.name = "only devices: no group, no enabling, no place, no limit",
     .host = UNIFIED,
     .vm = VM,
     .config = LIMITS,
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = "devices devices /vm\n"
	     "= deny: c 10:232 rwm\n"},
    {.name = "only devices: nor on v1, where cpusets are to be filled",
     .host = LEGACY_CPUSET,
     .path = "/a/b",
     .vm = VM,
     .config = "{\"cpu\":{\"cpus\":\"0\"}}",
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = "devices devices /a/b\n"
	     "= deny: c 10:232 rwm\n"},
    {.name = "only devices: what the host could not have is not asked for",
     .host = "\"layout\":\"legacy\",\"mounts\":{" V1("devices") "}" MACHINE,
     .config = LIMITS,
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = "devices devices /vm\n"
	     "= deny: c 10:232 rwm\n"},
    {.name = "only devices: an ancestor that holds processes forbids no filter",
     .host = UNIFIED,
     .path = "/a/b",
     .more = ",\"cgroups\":{\"/a\":{\"type\":\"domain\",\"procs\":2}}",
     .config = LIMITS,
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = "devices devices /a/b\n"
	     "= deny: c 10:232 rwm\n"},
    {.name = "only devices: made from the config when none are given",
     .host = UNIFIED,
     .config = BARE_DEVICES,
     .only_devices = true,
     .want = "devices devices /vm\n"
	     "= allow:\n"},
    {.name = "only devices: adopt, every filter down to init's own",
     .host = UNIFIED,
     .mode = MODE_ADOPT,
     .more = ",\"processes\":[" AT(42, "\"unified\":\"/vm/a/b\"") "]",
     .vm = VM,
     .config = LIMITS,
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "b 8:0 rw\n",
     .want = "devices devices /vm\n"
	     "devices devices /vm/a\n"
	     "devices devices /vm/a/b\n"
	     "= deny: c 10:232 rwm\n"
	     "- deny: b 8:0 rw\n"},
    {.name = "only devices: adopt, where the hierarchy has the group",
     .host = LEGACY,
     .mode = MODE_ADOPT,
     .path = "/one/c",
     .tail = "c",
     .more = ",\"processes\":[" AT(42, "\"memory\":\"/one/c\",\"devices\":\"/three/c\"") "]",
     .config = "{}",
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = "devices devices /three/c\n"
	     "= deny: c 10:232 rwm\n"},
    {.name = "only devices: no way to filter them",
     .host = "\"layout\":\"legacy\",\"mounts\":{" V1("memory") "}",
     .config = "{}",
     .only_devices = true,
     .given = "",
     .denied = "",
     .want = "host: can filter devices neither by the v1"},
    {.name = "only devices: rootless there is no filter, so there is nothing to do",
     .host = UNIFIED ",\"rootless\":true,\"euid\":1000,\"delegated\":\"/u\"",
     .path = "/u/vm",
     .config = LIMITS,
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = ""},

    {.name = "systemd, our unit: it is changed, and what systemd set is read back",
     .host = UNIFIED ",\"systemd\":257",
     .more = ",\"cgroups\":{\"/\":{\"subtree_control\":\"memory pids\"},\"/a.slice\":{"
	     "\"subtree_control\":\"memory pids\"},\"/a.slice/vm.scope\":{}},\"processes\":[" AT(
		 77, "\"unified\":\"/a.slice/vm.scope\"") "]",
     .systemd = true,
     .standing = true,
     .path = "/a.slice/vm.scope",
     .vm = VM,
     .config = "{\"memory\":{\"limit\":4096},\"pids\":{\"limit\":5}}",
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = "set - /a.slice/vm.scope ?=vm.scope\n"
	     "\n"
	     "devices devices /a.slice/vm.scope\n"
	     "\n"
	     "verify memory /a.slice/vm.scope memory.max=4096\n"
	     "verify pids /a.slice/vm.scope pids.max=5\n"
	     "= deny: c 10:232 rwm\n"
	     "DeviceAllow=[]\n"
	     "DevicePolicy=\"strict\"\n"
	     "DeviceAllow=[/dev/char/10:232 rwm]\n"
	     "MemoryMax=4096\n"
	     "TasksMax=5\n"},
    {.name = "systemd, our unit: only its devices",
     .host = UNIFIED ",\"systemd\":257",
     .more = ",\"cgroups\":{\"/a.slice/vm.scope\":{}}",
     .systemd = true,
     .standing = true,
     .path = "/a.slice/vm.scope",
     .config = LIMITS,
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = "set - /a.slice/vm.scope ?=vm.scope\n"
	     "\n"
	     "devices devices /a.slice/vm.scope\n"
	     "= deny: c 10:232 rwm\n"
	     "DeviceAllow=[]\n"
	     "DevicePolicy=\"strict\"\n"
	     "DeviceAllow=[/dev/char/10:232 rwm]\n"},
    {.name = "systemd, the runtime's unit: only its devices, and what it must not have",
     .host = UNIFIED ",\"systemd\":257",
     .more = ",\"processes\":[" AT(42, "\"unified\":\"/a.slice/vm.scope/container\"") "]",
     .systemd = true,
     .mode = MODE_ADOPT,
     .path = "/a.slice/vm.scope",
     .vm = INIT,
     .config = LIMITS,
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "b 8:0 rw\n",
     .want = "set - /a.slice/vm.scope ?=vm.scope\n"
	     "\n"
	     "devices devices /a.slice/vm.scope\n"
	     "devices devices /a.slice/vm.scope/container\n"
	     "= deny: c 10:232 rwm\n"
	     "- deny: b 8:0 rw\n"
	     "DeviceAllow=[/dev/char/10:232 rwm]\n"
	     "not DeviceAllow=[/dev/block/8:0 rw]\n"},
    {.name = "systemd, the runtime's unit on v1: its list is the filter's",
     .host = HYBRID ",\"systemd\":252",
     .more = ",\"processes\":[" AT(42, "\"memory\":\"/a.slice/vm.scope\","
				       "\"devices\":\"/a.slice/vm.scope\"") "]",
     .systemd = true,
     .mode = MODE_ADOPT,
     .path = "/a.slice/vm.scope",
     .vm = INIT,
     .config = LIMITS,
     .only_devices = true,
     .given = "c 10:232 rwm\n",
     .denied = "",
     .want = "set - /a.slice/vm.scope ?=vm.scope\n"
	     "\n"
	     "devices devices /a.slice/vm.scope\n"
	     "= deny: c 10:232 rwm\n"
	     "DeviceAllow=[/dev/char/10:232 rwm]\n"},
};

static void render_policy(struct text *out, const char *mark, const struct device_policy *p)
{
	char rule[32];

	text_printf(out, "%s %s:", mark, p->allow ? "allow" : "deny");
	for (size_t i = 0; i < p->n; i++)
		text_printf(out, " %s", devrules_format(&p->entries[i], rule));
	text_puts(out, "\n");
}

static void render_properties(struct text *out, const char *mark, const struct unit_properties *p)
{
	for (size_t i = 0; i < p->n; i++) {
		text_printf(out, "%s%s=", mark, p->list[i].name);
		unitprop_text(&p->list[i], out);
		text_puts(out, "\n");
	}
}

static bool run_later(const struct row *row, struct text *got)
{
	struct arena a = {0};
	struct plan plan = {.arena = &a};
	struct error e = {0};
	bool ok;

	if (make(&plan, row, &e) == 0) {
		render(got, &plan);
		if (plan.has_devices)
			render_policy(got, "=", &plan.devices);
		if (plan.denied.n)
			render_policy(got, "-", &plan.denied);
		render_properties(got, "", &plan.properties);
		render_properties(got, "not ", &plan.unwanted);
		ok = strcmp(got->s, row->want) == 0;
	} else {
		text_printf(got, "%s: %s", e.kind == ERROR_INPUT ? "input" : "host", e.text);
		ok = strncmp(got->s, row->want, 4) == 0 && strchr(row->want, ':') &&
		     strstr(e.text, strchr(row->want, ':') + 2);
	}
	arena_free(&a);
	return ok;
}

static void test_later(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(later); i++) {
		struct text got = {0};

		if (!run_later(&later[i], &got)) {
			print_error("%s\n-- want\n%s\n-- got\n%s\n", later[i].name, later[i].want,
				    got.s);
			wrong++;
		}
		text_free(&got);
	}
	assert_int_equal(wrong, 0);
}

/* The head of the plan is the target's. */
static void test_head(void **state)
{
	struct arena a = {0};
	struct plan plan = {.arena = &a};
	const struct facts facts = {.layout = LAYOUT_UNIFIED, .rootless = true};
	const struct oci_resources resources = {.base = "/linux/resources"};
	const struct policy policy = {0};
	const struct hypervisor_devices devices = {0};
	const struct target target = {.manager = MANAGER_SYSTEMD,
				      .path = "/a.slice/b.scope",
				      .unit = "b.scope",
				      .slice = "a.slice",
				      .warning = "mind the gap",
				      .nothing = true};
	const struct compose_input in = {.resources = &resources,
					 .policy = &policy,
					 .facts = &facts,
					 .target = &target,
					 .devices = &devices};

	(void)state;
	assert_int_equal(compose_plan(&plan, &in, NULL), 0);
	assert_int_equal(plan.layout, LAYOUT_UNIFIED);
	assert_int_equal(plan.manager, MANAGER_SYSTEMD);
	assert_int_equal(plan.mode, MODE_OWN);
	assert_string_equal(plan.path, "/a.slice/b.scope");
	assert_string_equal(plan.unit, "b.scope");
	assert_string_equal(plan.slice, "a.slice");
	assert_false(plan.has_devices);
	assert_int_equal(plan.n_warnings, 1);
	assert_string_equal(plan.warnings[0], "mind the gap");
	arena_free(&a);
}

/* What the probe has to look at for a config. */
static const struct {
	const char *config, *want;
} probes[] = {
    {"{}", "cpuset"},
    {"{\"cpu\":{\"shares\":2}}", "cpu cpuset"},
    {"{\"cpu\":{\"idle\":0}}", "cpu cpuset"},
    {"{\"cpu\":{\"cpus\":\"0\"}}", "cpuset"},
    {"{\"memory\":{\"limit\":1}}", "cpuset memory"},
    {"{\"memory\":{\"reservation\":1}}", "cpuset"},
    {"{\"blockIO\":{\"weight\":10}}", "cpuset blkio io"},
    {"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}]}", "cpuset hugetlb"},
};

static void test_controllers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(probes); i++) {
		struct arena a = {0};
		struct oci_config c;
		struct text got = {0};
		const char *doc =
		    arena_printf(&a, "{\"linux\":{\"resources\":%s}}", probes[i].config);
		const char **names;

		assert_int_equal(oci_config_parse(&c, &a, doc, strlen(doc), NULL), 0);
		names = compose_controllers(&c.resources, &a);
		text_puts(&got, "");
		for (size_t k = 0; names[k]; k++)
			text_printf(&got, "%s%s", k ? " " : "", names[k]);
		if (strcmp(got.s, probes[i].want) != 0)
			fail_msg("%s: want %s, got %s", probes[i].config, probes[i].want, got.s);
		text_free(&got);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_steps),
	    cmocka_unit_test(test_later),
	    cmocka_unit_test(test_head),
	    cmocka_unit_test(test_controllers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
