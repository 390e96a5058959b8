/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan-scene - a host with systemd, a unit in it, and a plan for that unit
 */
#include "tests/unit/unitplan-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const hosts[] = {
    [V2] = "{\"layout\":\"unified\",\"mounts\":{\"unified\":\"/c\"},"
	   "\"controllers\":[\"cpuset\",\"cpu\",\"io\",\"memory\",\"pids\",\"hugetlb\"]}",
    [V1] = "{\"layout\":\"legacy\",\"mounts\":{\"cpuset\":\"/c/cpuset\",\"cpu\":\"/c/cpu,cpuacct\","
	   "\"cpuacct\":\"/c/cpu,cpuacct\",\"memory\":\"/c/memory\",\"pids\":\"/c/pids\","
	   "\"blkio\":\"/c/blkio\",\"devices\":\"/c/devices\",\"freezer\":\"/c/freezer\","
	   "\"name=systemd\":\"/c/systemd\"}}",
    [HYBRID] = "{\"layout\":\"hybrid\",\"mounts\":{\"memory\":\"/c/memory\","
	       "\"name=systemd\":\"/c/systemd\",\"unified\":\"/c/unified\"},"
	       "\"controllers\":[\"pids\",\"hugetlb\"]}",
};

void scene_open(struct scene *s, enum scene_host host, bool adopt, uint64_t systemd)
{
	*s = (struct scene){0};
	if (facts_parse(&s->facts, &s->arena, hosts[host], strlen(hosts[host]), &s->e) < 0)
		fail_msg("%s", s->e.text);
	s->facts.systemd = systemd ? systemd : host == V2 ? 257 : 252;
	s->target = (struct target){.manager = MANAGER_SYSTEMD,
				    .mode = adopt ? MODE_ADOPT : MODE_OWN,
				    .path = "/a.slice/vm.scope",
				    .unit = "vm.scope",
				    .slice = "a.slice",
				    .why = "/linux/cgroupsPath"};
	s->plan = (struct plan){.arena = &s->arena,
				.layout = s->facts.layout,
				.manager = MANAGER_SYSTEMD,
				.mode = s->target.mode,
				.path = s->target.path,
				.unit = s->target.unit,
				.slice = s->target.slice};
	s->in = (struct unitplan_input){
	    .facts = &s->facts, .target = &s->target, .id = "c1", .vm = 77, .vm_why = "state:/pid"};
}

void scene_close(struct scene *s)
{
	arena_free(&s->arena);
}

void scene_write(struct scene *s, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = arena_copy(&s->arena, text, len);
		char *value = strchr(line, '='), *why = strchr(line, '@');

		assert_non_null(value);
		*value++ = '\0';
		if (why)
			*why++ = '\0';
		plan_add(&s->plan, PHASE_LIMITS, PLAN_WRITE,
			 arena_copy(&s->arena, line, strcspn(line, ".")), s->plan.path, line, value,
			 why ? why : "/r");
		text += len + (text[len] == '\n');
	}
}

/* What was written, as a string of the scene. */
static const char *keep(struct scene *s, struct text *t)
{
	const char *copy = arena_copy(&s->arena, t->s ? t->s : "", t->len);

	text_free(t);
	return copy;
}

const char *scene_properties(struct scene *s, const char *head)
{
	struct text t = {0};

	for (size_t i = 0; i < s->plan.properties.n; i++) {
		const struct unit_property *p = &s->plan.properties.list[i];

		if (strncmp(p->name, head, strlen(head)) != 0)
			continue;
		text_printf(&t, "%s=", p->name);
		unitprop_text(p, &t);
		text_printf(&t, " %s\n", p->why);
	}
	for (size_t i = 0; i < s->plan.unwanted.n; i++) {
		text_printf(&t, "- %s=", s->plan.unwanted.list[i].name);
		unitprop_text(&s->plan.unwanted.list[i], &t);
		text_printf(&t, " %s\n", s->plan.unwanted.list[i].why);
	}
	return keep(s, &t);
}

const char *scene_steps(struct scene *s)
{
	struct text t = {0};

	plan_sort(&s->plan);
	for (size_t i = 0; i < s->plan.n_steps; i++) {
		const struct plan_step *p = &s->plan.steps[i];

		text_printf(&t, "%s %s %s%s%s%s%s\n", plan_op_name[p->op],
			    *p->controller ? p->controller : "-", p->path, p->file ? " " : "",
			    p->file ? p->file : "", p->value ? " " : "", p->value ? p->value : "");
	}
	return keep(s, &t);
}

const char *scene_warnings(struct scene *s)
{
	struct text t = {0};

	for (size_t i = 0; i < s->plan.n_warnings; i++)
		text_printf(&t, "! %s\n", s->plan.warnings[i]);
	for (size_t i = 0; i < s->plan.n_notes; i++)
		text_printf(&t, "! %s\n", s->plan.notes[i]);
	return keep(s, &t);
}
