/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planner-fixture - rows of resources and hosts in, plans as text out
 *
 * Besides the text, each plan must keep two promises: every step is for the
 * target, and every v2 controller with a step is noted as needed, once.
 */
#include "tests/unit/planner-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define V1_FILES                                                                                 \
	"blkio.bfq.weight blkio.bfq.weight_device cpu.cfs_burst_us cpu.idle cpu.rt_runtime_us "  \
	"memory.memsw.limit_in_bytes memory.kmem.limit_in_bytes memory.kmem.tcp.limit_in_bytes " \
	"memory.use_hierarchy "
#define V1_HUGE \
	"hugetlb.2MB.limit_in_bytes hugetlb.2MB.rsvd.limit_in_bytes hugetlb.1GB.limit_in_bytes"
#define V2_HUGE "hugetlb.2MB.max hugetlb.2MB.rsvd.max hugetlb.1GB.max"

static const struct {
	enum layout layout;
	const char *v1, *v2; /* controllers */
	const char *files;
} hosts[] = {
    [HOST_V1] = {LAYOUT_LEGACY,
		 "cpuset cpu cpuacct blkio memory devices net_cls net_prio hugetlb pids rdma", "",
		 V1_FILES V1_HUGE},
    [HOST_V2] = {LAYOUT_UNIFIED, "", "cpuset cpu io memory hugetlb pids rdma",
		 "cpu.max.burst cpu.idle io.bfq.weight io.weight memory.swap.max " V2_HUGE},
    [HOST_HYBRID] = {LAYOUT_HYBRID, "cpuset cpu cpuacct blkio memory devices pids", "hugetlb rdma",
		     V1_FILES V2_HUGE},
};

/* Is word among the blank-separated words of list? */
static bool names(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; at && (at = strstr(at, word)); at += len) {
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	}
	return false;
}

/* The words of list that the row does not take away, appended to an array. */
static const char **add_words(struct arena *a, const char **array, size_t *n, const char *list,
			      const char *without)
{
	while (list && *(list += strspn(list, " "))) {
		size_t len = strcspn(list, " ");
		const char *word = arena_copy(a, list, len);

		if (!names(without, word))
			*ARENA_APPEND(a, array, *n) = word;
		list += len;
	}
	return array;
}

static struct facts make_facts(struct arena *a, const struct planner_row *row)
{
	const char *v1 = hosts[row->host].v1, *v2 = hosts[row->host].v2;
	struct facts f = {
	    .layout = hosts[row->host].layout, .page_size = 4096, .cpus = "0-3", .mems = "0"};

	f.controllers = add_words(a, f.controllers, &f.n_controllers, v1, row->without);
	for (size_t i = 0; i < f.n_controllers; i++)
		*ARENA_APPEND(a, f.mounts, f.n_mounts) = (struct facts_mount){
		    f.controllers[i],
		    arena_printf(a, "/sys/fs/cgroup/%s", f.controllers[i]),
		    "/",
		};
	if (f.layout != LAYOUT_LEGACY)
		*ARENA_APPEND(a, f.mounts, f.n_mounts) =
		    (struct facts_mount){"unified", "/sys/fs/cgroup/unified", "/"};
	f.controllers = add_words(a, f.controllers, &f.n_controllers, v2, row->without);
	f.files = add_words(a, f.files, &f.n_files, hosts[row->host].files, row->without);
	f.files = add_words(a, f.files, &f.n_files, row->with, NULL);
	return f;
}

static size_t count_needed(const struct planner *p, const char *controller)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_needed; i++)
		n += !strcmp(p->needed[i], controller);
	return n;
}

static void check_step(const struct planner *p, const struct plan_step *s)
{
	bool v2 = facts_version(p->facts, s->controller) == 2;

	assert_string_equal(s->path, "/vm");
	assert_int_equal(count_needed(p, s->controller), v2 ? 1 : 0);
}

static void render(struct text *out, const struct planner *p)
{
	static const char *const phase[] = {
	    [PHASE_CHECK] = "check", [PHASE_CREATE] = "create", [PHASE_PRETASK] = "pretask",
	    [PHASE_PLACE] = "place", [PHASE_LIMITS] = "limits", [PHASE_UNIFIED] = "unified",
	};

	for (size_t i = 0; i < p->plan->n_steps; i++) {
		const struct plan_step *s = &p->plan->steps[i];

		check_step(p, s);
		text_printf(out, "%s %s %s %s=%s %s\n", phase[s->phase], plan_op_name[s->op],
			    s->controller, s->file, s->value, s->why);
	}
	for (size_t i = 0; i < p->plan->n_warnings; i++)
		text_printf(out, "! %s\n", p->plan->warnings[i]);
}

/* One row's outcome as text. */
static void run(struct text *out, planner_run *plan, const struct planner_row *row)
{
	struct arena a = {0};
	struct facts facts = make_facts(&a, row);
	struct oci_resources in = row->in;
	struct plan value = {.arena = &a, .layout = facts.layout, .path = "/vm"};
	struct planner p = {.facts = &facts,
			    .plan = &value,
			    .resources = &in,
			    .path = "/vm",
			    .fresh = !row->reused,
			    .lenient = row->lenient};
	struct error e = {0};

	in.base = "/r";
	value.manager = row->systemd ? MANAGER_SYSTEMD : MANAGER_CGROUPFS;
	text_puts(out, "");
	if (plan(&p, &e) == 0)
		render(out, &p);
	else
		text_printf(out, "%s: %s\n", e.kind == ERROR_INPUT ? "input" : "host", e.text);
	arena_free(&a);
}

void planner_rows_check(planner_run *plan, enum fixture_host host, const char *without,
			const struct planner_row *rows, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		struct planner_row row = rows[i];
		struct text got = {0};

		row.host = row.host ? row.host : host;
		row.without = row.without ? row.without : without;
		run(&got, plan, &row);
		if (strcmp(got.s, row.want) != 0) {
			print_error("row %zu\n-- want\n%s-- got\n%s", i, row.want, got.s);
			wrong++;
		}
		text_free(&got);
	}
	assert_int_equal(wrong, 0);
}
