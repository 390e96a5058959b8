/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check - the command that compares what is set with what was recorded
 *
 * It holds the lock of the id, so that it sees no update half-way, and writes
 * nothing: not to the groups, not to the unit, not to the record.
 */
#include "hook/check.h"

#include <unistd.h>

#include "hook/bus.h"
#include "hook/check_work.h"
#include "hook/freezer.h"
#include "hook/human.h"
#include "hook/log.h"
#include "hook/setup_facts.h"
#include "oci/state.h"

/* Only a finished setup of this boot has something that can be compared. */
static int refuse_unfinished(const struct context *c, const struct record *r, struct error *e)
{
	if (!setup_is_this_boot(r->boot, c->arena))
		return error_set(e, ERROR_HOST,
				 "%s/%s.json: the host was rebooted since this record was written, "
				 "and nothing of it exists any more; vmcg gc or vmcg destroy %s "
				 "drops it",
				 c->root, r->id, r->id);
	if (r->status == RECORD_INTENT)
		return error_set(e, ERROR_HOST,
				 "%s/%s.json: the setup of this container is half-done; the next "
				 "createRuntime of it begins anew, vmcg destroy %s takes it down, "
				 "and so does vmcg gc once its processes have ended",
				 c->root, r->id, r->id);
	if (r->status == RECORD_LEAVING)
		return error_set(e, ERROR_HOST,
				 "%s/%s.json: the teardown of this container is half-done; vmcg "
				 "destroy %s finishes it, and so does vmcg gc once its processes "
				 "have ended",
				 c->root, r->id, r->id);
	return 0;
}

static int compare_unit(struct check *check, struct context *c, struct error *e)
{
	const struct record *r = check->record;
	struct systemd *s;

	if (!r->unit || c->options.yard)
		return bus_unneeded(c, e);
	if (bus_connect(&s, c, e) < 0)
		return error_add(e, "; the properties of %s cannot be compared", r->unit);
	/* Records of version 1 did not keep what the unit was given. */
	if (r->mode == MODE_OWN && !r->properties)
		log_warning("%s: the record does not tell what it was given: its properties are "
			    "not compared",
			    r->unit);
	return check_unit(check, s, e);
}

/* A vmcg that was killed while systemd wrote a v1 device list. */
static int compare_frozen(struct check *check, struct error *e)
{
	const struct record *r = check->record;
	int got = r->frozen ? freezer_look(check->fs, r, e) : 0;

	if (got == FREEZER_FROZEN)
		drift_add(&check->drift, DRIFT_VALUE,
			  cgroupfs_path(check->fs, "freezer", r->path, "freezer.state"), "THAWED",
			  "FROZEN", "a change of the device list that was cut short");
	return got < 0 ? -1 : 0;
}

static int compare(struct check *check, struct context *c, struct error *e)
{
	if (check_groups(check, e) < 0)
		return -1;
	if (check_processes(check, e) < 0)
		return -1;
	if (compare_frozen(check, e) < 0)
		return -1;
	if (check_values(check, e) < 0 || check_devices(check, e) < 0)
		return -1;
	return compare_unit(check, c, e);
}

/* What was found, and the error that a difference is. */
static int report(const struct check *check, struct context *c, struct error *e)
{
	const struct drift *d = &check->drift;
	const char *id = check->record->id;
	char n[HUMAN_MAX];

	if (c->options.json)
		drift_json(d, id, c->out);
	else
		drift_text(d, id, c->out);
	if (!d->n)
		return 0;
	c->report = true;
	error_set(e, ERROR_DRIFT, "%s: %s", check->record->path,
		  human_count(n, d->n, "difference"));
	if (check->vm_gone)
		return error_add(e, ": the VM is gone; vmcg destroy %s takes the rest down", id);
	if (check->made_anew)
		return error_add(
		    e,
		    "; a group that another has made is not entered: vmcg destroy %s drops "
		    "the record, its createRuntime makes a new one",
		    id);
	return error_add(e, "; vmcg update %s applies what was recorded", id);
}

static int check_record(struct context *c, const struct record *r, struct error *e)
{
	struct cgroupfs fs;
	struct check check = {.arena = c->arena,
			      .fs = &fs,
			      .record = r,
			      .page_size = (uint64_t)sysconf(_SC_PAGESIZE),
			      .drift = {.arena = c->arena}};
	int result;

	if (refuse_unfinished(c, r, e) < 0)
		return -1;
	cgroupfs_open(&fs, c->arena, r->mounts, r->n_mounts, c->options.yard);
	result = compare(&check, c, e);
	cgroupfs_close(&fs);
	/* Nothing was touched: it is the host that does not let us see. */
	if (result < 0 && e->kind == ERROR_FAILED)
		e->kind = ERROR_HOST;
	return result < 0 ? -1 : report(&check, c, e);
}

int check_command(struct context *c, struct error *e)
{
	const char *id = c->args[0];
	struct store store = STORE_NONE;
	struct record record;
	int r;

	if (oci_state_check_id(id, e) < 0)
		return -1;
	log_about(id);
	r = store_open(&store, c->root, false, e);
	if (r == 0)
		r = store_lock(&store, id, STORE_LOCK_MS, e);
	if (r == 0)
		r = store_load(&record, &store, id, c->arena, e);
	if (r == 0)
		r = check_record(c, &record, e);
	store_close(&store);
	if (r == STORE_ABSENT)
		return error_set(e, ERROR_HOST,
				 "%s: no record of container %s; vmcg list shows all", c->root, id);
	return r < 0 ? -1 : 0;
}
