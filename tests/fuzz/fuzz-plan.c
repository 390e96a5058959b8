/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-plan - a config of any bytes, one of a few hosts, to a whole plan
 *
 * The first byte chooses the host, the second what the command line says; the rest
 * is config.json. Whatever plan comes out keeps the promises of compose.h: steps in
 * the order of their phases, clean paths, one name a file, init never moved, and a
 * text and a JSON form that can be read.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/compose.h"
#include "oci/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INIT = 42, VM = 77 };

#define DEVICES                                                       \
	"\"devices\":{\"/dev/kvm\":{\"type\":\"c\",\"major\":10,"     \
	"\"minor\":232},\"/dev/sda\":{\"type\":\"b\",\"major\":8,"    \
	"\"minor\":0},\"/dev/vhost-net\":null},"                      \
	"\"cpus\":\"0-3\",\"mems\":\"0\",\"page_size\":4096,"         \
	"\"files\":[\"blkio.bfq.weight\",\"cpu.cfs_burst_us\","       \
	"\"cpu.rt_runtime_us\",\"memory.memsw.limit_in_bytes\","      \
	"\"memory.kmem.limit_in_bytes\",\"memory.swap.max\","         \
	"\"io.bfq.weight\",\"io.weight\",\"cpu.idle\",\"hugetlb.2MB." \
	"limit_in_bytes\",\"hugetlb.2MB.max\",\"hugetlb.2MB.rsvd.max\"]"

#define V1(name) "\"" name "\":\"/sys/fs/cgroup/" name "\","
#define V1_MOUNTS    \
	V1("cpu")    \
	V1("cpuset") \
	V1("memory") \
	V1("blkio") V1("devices") V1("pids") V1("net_cls") V1("net_prio") V1("name=systemd")
#define V2_NAMES "\"cpuset\",\"cpu\",\"io\",\"memory\",\"hugetlb\",\"pids\",\"rdma\""

/* The runtime has put init into /vm on the last two. */
static const char *const hosts[] = {
    "{\"layout\":\"legacy\",\"mounts\":{" V1_MOUNTS
    "\"hugetlb\":\"/sys/fs/cgroup/hugetlb\"}," DEVICES
    ",\"processes\":[{\"pid\":42,\"cgroups\":{\"memory\":\"/\",\"cpu\":\"/\"}}]}",
    "{\"layout\":\"hybrid\",\"mounts\":{" V1_MOUNTS
    "\"unified\":\"/sys/fs/cgroup/unified\"},\"controllers\":[\"hugetlb\"]," DEVICES
    ",\"cgroups\":{\"/\":{\"children\":3,\"in\":[\"memory\",\"unified\"],\"controllers\":"
    "\"hugetlb\",\"subtree_control\":\"\"}}}",
    "{\"layout\":\"unified\",\"systemd\":252,\"mounts\":{\"unified\":\"/sys/fs/cgroup\"},"
    "\"controllers\":[" V2_NAMES "]," DEVICES
    ",\"cgroups\":{\"/\":{\"children\":3,\"controllers\":\"cpuset cpu io memory hugetlb pids "
    "rdma\","
    "\"subtree_control\":\"cpu memory\"},\"/a\":{\"procs\":1,\"type\":\"domain\"}}}",
    "{\"layout\":\"unified\",\"mounts\":{\"unified\":\"/sys/fs/cgroup\"},\"controllers\":[\"cpu\","
    "\"memory\"]," DEVICES
    ",\"euid\":1000,\"rootless\":true,\"delegated\":\"/user.slice/user-1000.slice\"}",
    "{\"layout\":\"unified\",\"mounts\":{\"unified\":\"/sys/fs/cgroup\"},\"controllers\":[" V2_NAMES
    "]," DEVICES
    ",\"cgroups\":{\"/vm\":{\"procs\":1}},\"processes\":[{\"pid\":42,\"cgroups\":{\"unified\":"
    "\"/vm\"}},{\"pid\":77,\"kvm\":true,\"cgroups\":{\"unified\":\"/other\"}}]}",
    "{\"layout\":\"legacy\",\"mounts\":{" V1_MOUNTS "\"rdma\":\"/sys/fs/cgroup/rdma\"}," DEVICES
    ",\"cgroups\":{\"/vm\":{\"procs\":1}},\"processes\":[{\"pid\":42,\"cgroups\":{\"memory\":"
    "\"/base/vm/c\",\"cpu\":\"/vm\",\"devices\":\"/vm/c/d\"}}]}",
};

enum { N_HOSTS = sizeof(hosts) / sizeof(*hosts) };

static const char *const policies[] = {
    "{}",
    "{\"devices\":{\"add\":[\"/dev/sda\"],\"deny\":[\"/dev/sda\"]},\"join\":true,\"rootless\":"
    "\"require\"}",
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-plan: %s\n", what);
	abort();
}

static bool is_clean(const char *path)
{
	size_t n = strlen(path);

	return path[0] == '/' && !strstr(path, "//") && !strstr(path, "/./") &&
	       !strstr(path, "/../") && (n < 2 || strcmp(path + n - 2, "/.") != 0) &&
	       (n < 3 || strcmp(path + n - 3, "/..") != 0) && (n == 1 || path[n - 1] != '/') &&
	       !strchr(path, '\n');
}

static void check_step(const struct plan *p, const struct plan_step *s)
{
	must(s->why && s->why[0], "a step has no reason");
	must(is_clean(s->path), "a path is not clean");
	must(!s->file || !strchr(s->file, '/'), "a file is a path");
	must(!s->value || !memchr(s->value, '\n', strlen(s->value)), "a value has two lines");
	if (s->op == PLAN_WRITE || s->op == PLAN_PLACE || s->op == PLAN_ENABLE)
		must(s->file && s->value, "a write is not whole");
	if (s->op != PLAN_ENABLE)
		must(strcmp(s->path, "/") != 0, "the root is changed");
	if (p->mode != MODE_ADOPT)
		return;
	must(s->op != PLAN_MKDIR && s->op != PLAN_INHERIT, "adopt makes a group");
	must(s->op != PLAN_PLACE || strcmp(s->value, "42") != 0, "adopt moves init");
}

/* Text: no line may steer a terminal. JSON: it reads back, with as many steps. */
static void check_forms(const struct plan *p, struct arena *a)
{
	const struct json_options o = {.name = "plan"};
	struct text people = {0}, json = {0};
	struct error e = {0};
	struct json *root;

	plan_text(p, &people);
	must(people.s[people.len - 1] == '\n', "the text has no end");
	for (size_t i = 0; i < people.len; i++)
		must((unsigned char)people.s[i] >= 0x20 || people.s[i] == '\n',
		     "the text has a control character");
	plan_json(p, &json);
	if (json_parse(&root, NULL, a, json.s, json.len, &o, &e) < 0) {
		fprintf(stderr, "%s\n%s", e.text, json.s);
		must(false, "the JSON is refused");
	}
	must(json_member(root, "steps")->count == p->n_steps, "the JSON has other steps");
	must(json_member(root, "warnings")->count == p->n_warnings + p->n_notes,
	     "the JSON has other warnings");
	text_free(&people);
	text_free(&json);
}

static void check(const struct plan *p, const struct facts *f, const struct policy *policy,
		  struct arena *a)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		must(i == 0 || p->steps[i - 1].phase <= p->steps[i].phase,
		     "the steps are out of order");
		check_step(p, &p->steps[i]);
	}
	must(f->rootless || p->has_devices, "nothing filters devices");
	if (p->has_devices && !p->devices.allow)
		must(devrules_decide(&p->devices, 'c', 10, 232, OCI_RWM), "no /dev/kvm");
	if (p->has_devices && policy->deny.n)
		must(!devrules_decide(&p->devices, 'b', 8, 0, OCI_READ), "/dev/sda is granted");
	check_forms(p, a);
}

static int make(struct plan *plan, const struct oci_config *c, const struct facts *f,
		const struct policy *policy, uint8_t choice, struct error *e)
{
	const struct target_wishes w = {.id = "c1",
					.cgroups_path = c->cgroups_path,
					.manager = choice & 1 ? MANAGER_CGROUPFS : CHOICE_AUTO,
					.mode = (choice >> 1) % 3 - 1,
					.init = choice & 16 ? INIT : 0,
					.vm = choice & 32 ? VM : 0,
					.join = policy->join,
					.rootless_require = policy->rootless_require};
	struct hypervisor_devices devices = {0};
	struct target target = {0};
	const struct compose_input in = {.resources = &c->resources,
					 .policy = policy,
					 .facts = f,
					 .target = &target,
					 .devices = &devices,
					 .init = w.init,
					 .vm = w.vm,
					 .vm_why = "state:/pid"};

	hypervisor_list(&devices, policy, c->annotations, c->n_annotations, plan);
	compose_controllers(&c->resources, plan->arena);
	if (target_locate(&target, &w, f, plan->arena, e) < 0 ||
	    target_decide(&target, &w, f, plan->arena, e) < 0)
		return -1;
	return compose_plan(plan, &in, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct plan plan = {.arena = &a};
	struct oci_config config = {0};
	struct policy policy = {0};
	struct facts facts = {0};
	struct error e = {0};
	const char *host, *rules;

	if (size < 2)
		return 0;
	host = hosts[data[0] % N_HOSTS];
	rules = policies[data[0] / N_HOSTS % 2];
	if (facts_parse(&facts, &a, host, strlen(host), &e) < 0 ||
	    policy_parse(&policy, &a, rules, strlen(rules), &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		must(false, "the host or the policy is refused");
	}
	if (oci_config_parse(&config, &a, (const char *)data + 2, size - 2, &e) == 0) {
		if (make(&plan, &config, &facts, &policy, data[1], &e) == 0)
			check(&plan, &facts, &policy, &a);
		else
			must((e.kind == ERROR_INPUT || e.kind == ERROR_HOST) && e.text[0] &&
				 !strchr(e.text, '\n'),
			     "no proper message");
	}
	arena_free(&a);
	return 0;
}
