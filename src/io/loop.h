/* A thread's event loop: libuv, plus messages from other threads.
 *
 * Handles made on loop_uv() belong to the loop's thread. loop_post() and loop_call() may be used
 * from any thread; everything else only from the loop's own (or before it runs). */
#pragma once

#include "base/mem.h"

#include <uv.h>

struct loop;

typedef void loop_fn(void *arg);

struct loop *loop_new(const char *name); /* `name`: the thread's, at most 15 characters, static */
void loop_free(struct loop *l);          /* after loop_run() has returned; closes what is left */
uv_loop_t *loop_uv(struct loop *l);

/* Runs until loop_stop(). loop_start_thread() does the same in a thread of its own; loop_join()
 * waits for it. */
void loop_run(struct loop *l);
void loop_start_thread(struct loop *l);
void loop_join(struct loop *l);
void loop_stop(struct loop *l); /* any thread */

/* Runs fn(arg) on the loop's thread, in the order of posting. Never blocks, never fails. Messages
 * that are still queued when the loop is freed are run then. */
void loop_post(struct loop *l, loop_fn *fn, void *arg);

/* Runs fn(arg) on the loop's thread and waits for its return. On the loop's own thread: runs it at
 * once. */
void loop_call(struct loop *l, loop_fn *fn, void *arg);

bool loop_is_mine(const struct loop *l); /* is this the loop's thread? */

/* A repeating timer; fn first runs after `first_ms`. Freed by loop_timer_free() or with the loop.
 */
struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *l, uint64_t first_ms, uint64_t repeat_ms,
                                  loop_fn *fn, void *arg);
void loop_timer_free(struct loop_timer *t);

/* For uv_read_start(): one buffer for all that the loop reads, so what was read is used up or
 * copied before the callback returns. */
void loop_read_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *ret_buffer);
