/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup - from the documents to a finished group, in the order of the flow:
 * read, look, plan, record, apply
 */
#ifndef VMCG_HOOK_SETUP_H
#define VMCG_HOOK_SETUP_H

#include "hook/context.h"
#include "hook/hypervisor.h"
#include "hook/procs.h"
#include "hook/store.h"
#include "oci/config.h"

struct setup {
	struct context *context;
	struct arena *arena;
	struct oci_state state;
	struct oci_config config;
	struct facts facts;
	struct target target;
	struct hypervisor_devices devices;
	struct plan plan;
	int64_t init, vm;         /* processes, not threads; 0: unknown */
	const char *vm_why;       /* where vm comes from */
	struct held_process held; /* the VM process, from before the facts were read */
	bool last_chance;         /* poststart: no stage comes after it that could set up */
	struct store *store;      /* open and locked while setup runs; else NULL */
};

/* Standard input: the state, and the config behind it or in the bundle. ERROR_INPUT. */
int setup_read(struct setup *s, struct context *c, struct error *e);

/* Conditions */
enum {
	SETUP_LATER = 1, /* systemd makes a scope only around a process, and there is none yet */
};

/* From state and config to the plan. facts_file: host facts as JSON instead of this host's
 * (NULL: probe). Touches nothing. SETUP_LATER. */
int setup_plan(struct setup *s, const char *facts_file, struct error *e);

/* Plan, record and apply what was read; a finished setup of the same container is left alone,
 * an unfinished one is undone first. --dry-run prints instead. */
int setup_run(struct setup *s, struct error *e);

void setup_release(struct setup *s);

/* The plan, in the form that the options ask for. */
void setup_print(const struct setup *s);

/* --- commands --- */
int setup_command(struct context *c, struct error *e); /* prestart, createRuntime */
int plan_command(struct context *c, struct error *e);  /* plan: plan_command.c */

#endif
