/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unitplan-scene - a host with systemd, a unit in it, and a plan for that unit
 */
#ifndef VMCG_TESTS_UNITPLAN_SCENE_H
#define VMCG_TESTS_UNITPLAN_SCENE_H

#include "hook/unitplan.h"

enum scene_host { V2, V1, HYBRID };

struct scene {
	struct arena arena;
	struct facts facts;
	struct target target;
	struct plan plan;
	struct unitplan_input in;
	struct error e;
};

/* vm.scope in a.slice, process 77, container c1. systemd 0: one that fits the host. */
void scene_open(struct scene *s, enum scene_host host, bool adopt, uint64_t systemd);
void scene_close(struct scene *s);

/* Add writes to the plan: "FILE=VALUE", one a line, with "@WHY" behind it ("/r" without). */
void scene_write(struct scene *s, const char *text);

/* All properties whose name begins with head, "NAME=VALUE WHY", one a line. */
const char *scene_properties(struct scene *s, const char *head);

/* The sorted plan: "OP CONTROLLER PATH [FILE] [VALUE]", one a line. */
const char *scene_steps(struct scene *s);

/* Warnings and notes: "! TEXT", one a line. */
const char *scene_warnings(struct scene *s);

#endif
