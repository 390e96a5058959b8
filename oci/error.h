/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error - one message, made where the failure happened, and the exit code it ends in
 *
 * The rule for every function that takes a struct error:
 *    0   done, the outputs are set
 *   -1   fatal: the error is filled in; the caller returns -1 unchanged
 *   >0   a condition that this function's header comment names; the caller handles it
 * Outputs are untouched unless 0 is returned.
 */
#ifndef VMCG_OCI_ERROR_H
#define VMCG_OCI_ERROR_H

#include <stdarg.h>

/* The numbers are the exit codes of vmcg(8): an interface. */
enum error_kind {
	ERROR_NONE = 0,
	ERROR_INTERNAL = 1, /* a bug or memory ran out; nothing was touched */
	ERROR_USAGE = 2,    /* the command line, or a stage that does not belong to the host */
	ERROR_INPUT = 3,    /* state, config.json, policy, facts, snapshot: refused */
	ERROR_HOST = 4,     /* layout, permission, missing controller, process, lock: refused */
	ERROR_FAILED = 5,   /* failed while working, everything undone */
	ERROR_UNDO = 6,     /* failed while working, the undo is incomplete */
	ERROR_DRIFT = 7,    /* `check` found differences */
};

struct error {
	enum error_kind kind;
	int os;          /* the kernel's errno behind it, 0 when there is none */
	char text[1024]; /* one line, no newline, control characters escaped */
};

/* Fill in e and return -1. A text that does not fit is cut. e may be NULL. */
int error_set(struct error *e, enum error_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As error_set, with ": " and the kernel's word for errno os at the end. */
int error_set_os(struct error *e, enum error_kind kind, int os, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Append to a message that is already there: a hint, the way out. Returns -1. */
int error_add(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
