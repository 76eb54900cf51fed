/*
 * Pullcord's switch, written down for a checker. What stands for what, what is left out and how to run it: README.md.
 *
 * One gateway, whose clamp names scopes by bits. One ledger with a head that every change compares and sets. Instances
 * that order, cut, give back and look. All that an instance knows stands in `me[i]`, so that it may stop (a process
 * that is not scheduled is a frozen one) or lose its memory between any two steps.
 *
 * Properties, by -D: STOP_WINS, LATCHED, PERSON, FENCED, SEEN (assertions), and the claim `converges`.
 * Mutants, by -D: NO_FRESH_READ, NO_DEADLINE, NO_FENCE, NO_OVERTAKING, NO_COMPARE, TRIPWIRE_RESTORES, ACT_FIRST,
 * SPOOL_IN_MEMORY, SAID_UNSEEN, CUT_ONCE, GIVES_BACK_STRANGE.
 */
#ifndef INSTANCES
#define INSTANCES 2
#endif
#ifndef SCOPES
#define SCOPES 1
#endif
#ifndef ORDERS
#define ORDERS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef OUTAGES
#define OUTAGES 0
#endif
#ifndef DRIFTS
#define DRIFTS 0
#endif
/* How often time passes over a leave that is held. Without it: as often as it likes. */
#ifdef LATE
byte late = LATE;
#define MAY_PASS (late > 0 || !HELD)
#else
#define MAY_PASS true
#endif
/* So many ticks a leave lasts. */
#ifndef SPAN
#define SPAN 1
#endif
/* And the lease that it stands on. */
#define LEASE (SPAN + 1)

/* Latches. */
#define LIVE 0
#define SEVERING 1
#define SEVERED 2
#define RESTORING 3
#define CUT(l) ((l) == SEVERING || (l) == SEVERED)

/* What is asked of an instance. */
#define STOP 1
#define TRIP 2
#define RESTORE 3
#define RESTORE_BY_OTHERS 4

/* Where a pass is. */
#define IDLE 0
#define LOOKING 1
#define LEAVING 2
#define READING 3
#define WRITING 4
#define PROBING 5

#define NOBODY 255
#define BIT(s) (1 << (s))
#define HAS(set, s) (((set) >> (s)) & 1)

/* The gateway: which scopes its clamp names. */
byte gateway;

/* The ledger, and the lease of giving back that stands in the same database. */
bool away;
byte head, orders;
byte latch[2], latchOrder[2];
bool codeUsed;
byte holder = NOBODY, fence, leaseLeft;

/* What happened, for the properties alone: the newest order of a scope is a stop; for how long; refused since then. */
bool stopped[2], refused[2];
byte age[2];

typedef Instance {
  /* The mirror of the ledger. */
  bool known; byte head; byte orders; byte latch[2]; byte latchOrder[2]; bool codeUsed;
  /* Stops that the ledger does not know yet. On the disk: outlives a crash. */
  byte spool;
  /* The pass: its goal, what it found, its leave. */
  byte at; byte goalOrder; byte goal; byte found; bool leave; byte leaveLeft; byte own;
  /* What the clamp is known to name, and whether it was ever looked at. */
  byte named; bool looked;
  /* The newest report. */
  bool reported; byte reportOrder; byte reportGoal; byte sight
};
Instance me[INSTANCES];

#define LEDGER_CUTS (CUT(latch[0]) | (CUT(latch[1]) << 1))
#define MIRROR_CUTS (CUT(me[i].latch[0]) | (CUT(me[i].latch[1]) << 1))
#define WANTED (me[i].spool | (me[i].known -> MIRROR_CUTS : 0))
#ifdef NO_OVERTAKING
#define OVERTAKEN false
#else
#define OVERTAKEN (me[i].goal != WANTED || me[i].goalOrder != me[i].orders)
#endif

/* `pullcord.claim`: a greater fence takes the lease over at once, a smaller one never gets it. */
#ifdef NO_FENCE
#define CLAIMABLE (holder == i || leaseLeft == 0)
#else
#define CLAIMABLE (me[i].goalOrder > fence || (me[i].goalOrder == fence && (holder == i || leaseLeft == 0)))
#endif
inline claim() {
#ifdef FENCED
  assert(me[i].goalOrder >= fence);
  assert(me[i].goalOrder > fence || leaseLeft == 0 || holder == i);
#endif
  holder = i; fence = me[i].goalOrder; leaseLeft = LEASE
}

inline refresh() {
  me[i].known = true; me[i].head = head; me[i].orders = orders; me[i].codeUsed = codeUsed;
  me[i].latch[0] = latch[0]; me[i].latch[1] = latch[1];
  me[i].latchOrder[0] = latchOrder[0]; me[i].latchOrder[1] = latchOrder[1]
}

/* A stop stands: in the ledger, or in a spool. */
inline stands(s) {
  if :: !stopped[s] -> stopped[s] = true; age[s] = 0 :: else fi;
  refused[s] = HAS(gateway, s)
}

/* Law 2: nothing but an order of restore takes a scope out of being cut. */
inline become(s, l, byRestore) {
#ifdef LATCHED
  assert(!CUT(latch[s]) || CUT(l) || byRestore);
  assert(l != LIVE || latch[s] == RESTORING);
#endif
  latch[s] = l
}

inline commitStop(s) {
  orders = me[i].orders + 1; latchOrder[s] = orders; become(s, SEVERING, false); head++;
  stands(s); refresh(); me[i].own = SPAN
}

inline commitRestore(s) {
#ifdef PERSON
  assert(ask == RESTORE && !codeUsed);
#endif
  orders = me[i].orders + 1; latchOrder[s] = orders; become(s, RESTORING, true); head++;
  codeUsed = true; stopped[s] = false; refresh(); me[i].own = SPAN
}

#define URGENT (me[i].own > 0 || me[i].spool != 0)

/* The whole set, in one write. Whatever it no longer names is given back. */
inline write(set) {
#ifdef STOP_WINS
  assert(!HAS(gateway & ~(set), 0) || !stopped[0] || age[0] <= SPAN);
  assert(!HAS(gateway & ~(set), 1) || !stopped[1] || age[1] <= SPAN);
  /* What the writer itself knows to be stopped it never gives back. */
  assert((gateway & ~(set) & WANTED) == 0);
#endif
#ifdef FENCED
  /* Whoever writes has leave to, at this very moment. */
  assert(me[i].leaveLeft > 0 || (!me[i].leave && URGENT));
#endif
  gateway = set; me[i].named = set;
  if :: HAS(set, 0) -> refused[0] = true :: else fi;
  if :: HAS(set, 1) -> refused[1] = true :: else fi
}

/* `pullcord.commit`: nothing happens unless the mirror is the ledger; who loses reads afresh and decides again. */
#ifdef NO_COMPARE
#define CURRENT true
#else
#define CURRENT (me[i].head == head)
#endif

#ifdef TRIPWIRE_RESTORES
#define TRIPWIRE_MAY true
#else
#define TRIPWIRE_MAY false
#endif

inline record() {
  if
  :: HAS(me[i].spool, 0) -> commitStop(0)
  :: else -> commitStop(1)
  fi;
  me[i].spool = me[i].spool & (me[i].spool - 1)
}

inline judge(s) {
  if :: !me[i].known || !CURRENT -> refresh() :: else fi;
  if
  :: ask == STOP -> commitStop(s)
  :: ask == TRIP && CUT(me[i].latch[s])
  :: ask == TRIP && !CUT(me[i].latch[s]) -> commitStop(s)
  :: ask >= RESTORE && (me[i].latch[s] == LIVE || me[i].codeUsed)
  :: ask >= RESTORE && me[i].latch[s] != LIVE && !me[i].codeUsed ->
     if
     :: ask == RESTORE || TRIPWIRE_MAY -> commitRestore(s)
     :: else
     fi
  fi
}

/* The watch that asks the ledger every few seconds, and the job of the queue that makes it ask at once. */
proctype watch(byte i) {
  do
  /* Heard of: what other instances ordered. */
  :: d_step { !away && (!me[i].known || me[i].head != head) -> refresh() }
  /* What was stopped without the ledger gets into it. */
  :: d_step { !away && me[i].known && me[i].head == head && me[i].spool != 0 -> record() }
  od
}

#define TO_SETTLE(s) (me[i].known && me[i].reported && me[i].reportOrder >= me[i].latchOrder[s] && \
  ((me[i].latch[s] == SEVERING && HAS(me[i].reportGoal, s) && HAS(me[i].sight, s)) || \
   (me[i].latch[s] == RESTORING && !HAS(me[i].reportGoal, s) && !HAS(me[i].sight, s))))

#ifdef SAID_UNSEEN
#define SIGHT (me[i].goal)
#else
#define SIGHT gateway
#endif

inline forget() { me[i].reported = false; me[i].reportOrder = 0; me[i].reportGoal = 0; me[i].sight = 0 }

inline settle(s) {
  if
  :: me[i].head != head -> refresh()
  :: else ->
     if
     :: latch[s] == SEVERING ->
#ifdef SEEN
        assert(refused[s]);
#endif
        become(s, SEVERED, false)
     :: else -> become(s, LIVE, false)
     fi;
     head++; refresh()
  fi;
  if :: !TO_SETTLE(0) && !TO_SETTLE(1) -> forget() :: else fi
}

#define UNSETTLED(s) (me[i].known && (me[i].latch[s] == SEVERING || me[i].latch[s] == RESTORING) && !TO_SETTLE(s))

inline begin() { me[i].goal = WANTED; me[i].goalOrder = me[i].orders; me[i].leave = false }
inline rest() { me[i].at = IDLE; me[i].goal = 0; me[i].goalOrder = 0; me[i].found = 0; me[i].leave = false;
  me[i].leaveLeft = 0 }

#ifdef CUT_ONCE
#define LOOKS_AGAIN false
#else
#define LOOKS_AGAIN true
#endif

#ifdef NO_FRESH_READ
#define READ_FROM_MIRROR true
#else
#define READ_FROM_MIRROR false
#endif
#ifdef NO_DEADLINE
#define LEFT true
#else
#define LEFT (me[i].leaveLeft > 0)
#endif
/* Nothing is being restored, and yet it is cut: kept until those who stopped without the ledger had time to say so. */
#ifdef GIVES_BACK_STRANGE
#define STRANGE false
#else
#define STRANGE (latch[0] != RESTORING && latch[1] != RESTORING && (me[0].spool | me[INSTANCES - 1].spool) != 0)
#endif

/* The enforcer with its driver and its cutter: a pass after the other, for ever. */
proctype enforcer(byte i) {
  do
  :: d_step { me[i].at == IDLE && (UNSETTLED(0) || UNSETTLED(1) || (LOOKS_AGAIN && gateway != WANTED)) ->
       begin();
       me[i].at = LOOKING;
       /* The rush of whoever took the order: the first thing on the wire, upon what the clamp was last known to name. */
       if
       :: me[i].looked && URGENT && (me[i].goal & ~me[i].named) != 0 ->
          write(me[i].named | me[i].goal);
          /* Beside it. Of a stop that the ledger doesn't know nobody else is told. */
          if :: !away && me[i].spool == 0 && CLAIMABLE -> claim() :: else fi
       :: else
       fi }
  /* A newer goal ends the pass of an older one at once. */
  :: d_step { me[i].at != IDLE && OVERTAKEN -> rest() }
  :: d_step { me[i].at == LOOKING && !OVERTAKEN ->
       me[i].found = gateway; me[i].named = gateway; me[i].looked = true;
       if
       :: gateway == me[i].goal -> me[i].at = PROBING
       :: else -> me[i].at = LEAVING
       fi }
  /* Leave to write: of the lease; to cut in every doubt, too. */
  :: d_step { me[i].at == LEAVING && !OVERTAKEN ->
       me[i].at = WRITING;
       if
       :: !away && me[i].spool == 0 && CLAIMABLE ->
          claim(); me[i].leaveLeft = SPAN; me[i].at = READING
       :: !away && me[i].spool == 0 && !CLAIMABLE
       :: away && me[i].spool == 0 -> me[i].leaveLeft = SPAN
       :: me[i].spool != 0 -> me[i].leaveLeft = SPAN
       fi }
  /* To give back: only upon the latches as the ledger has them now. */
  :: d_step { me[i].at == READING && !OVERTAKEN && (!away || READ_FROM_MIRROR) ->
       me[i].at = WRITING;
       if
       :: !READ_FROM_MIRROR ->
          refresh();
          me[i].leave = (LEDGER_CUTS == me[i].goal && me[i].spool == 0 && !STRANGE)
       :: else -> me[i].leave = true
       fi }
  :: d_step { me[i].at == READING && !OVERTAKEN && away && !READ_FROM_MIRROR -> me[i].at = WRITING }
  :: d_step { me[i].at == WRITING && !OVERTAKEN ->
       if
       :: !LEFT && (me[i].leave || !URGENT)
       :: LEFT && me[i].leave && me[i].found != me[i].goal -> write(me[i].goal)
       :: (LEFT || URGENT) && !me[i].leave && (me[i].goal & ~me[i].found) != 0 -> write(me[i].goal | me[i].found)
       :: else
       fi;
       me[i].leave = false; me[i].leaveLeft = 0;
       me[i].at = PROBING }
  :: d_step { me[i].at == PROBING && !OVERTAKEN ->
       /* A report that nobody waits for is forgotten at once: it would only make states. */
       if
       :: UNSETTLED(0) || UNSETTLED(1) ->
          me[i].reported = true; me[i].reportOrder = me[i].goalOrder; me[i].reportGoal = me[i].goal;
          me[i].sight = SIGHT;
          if :: !TO_SETTLE(0) && !TO_SETTLE(1) -> forget() :: else fi
       :: else
       fi;
       rest() }
  :: d_step { !away && TO_SETTLE(0) -> settle(0) }
  :: d_step { !away && TO_SETTLE(1) -> settle(1) }
  od
}

/* Whoever orders: people, the tripwire, tokens; by any instance. One code is in the world, and may be tried again. */
proctype people() {
  byte left = ORDERS, i, s, ask;
  do
  :: atomic { left > 0 ->
       left--;
       if :: i = 0 :: i = INSTANCES - 1 fi;
       if :: s = 0 :: s = SCOPES - 1 fi;
       if :: ask = STOP :: ask = TRIP :: ask = RESTORE :: ask = RESTORE_BY_OTHERS fi;
#ifdef ACT_FIRST
       d_step {
         if
         :: ask == RESTORE && me[i].known && me[i].latch[s] != LIVE && !me[i].codeUsed ->
            me[i].own = SPAN; write(gateway & ~BIT(s))
         :: else
         fi } };
     atomic {
#endif
       d_step {
         if
         /* Law 4. */
         :: away && ask < RESTORE -> me[i].spool = me[i].spool | BIT(s); stands(s)
         :: ask >= RESTORE && (away || me[i].spool != 0)
         :: !away && (ask < RESTORE || me[i].spool == 0) -> judge(s)
         fi;
         i = 0; s = 0; ask = 0 } }
  :: left == 0 -> break
  od
}

#define HELD (me[0].leaveLeft > 0 || me[INSTANCES - 1].leaveLeft > 0)

#ifdef LATE
/* For ever: a switch that rests in a wrong state is found as one that never comes right. */
#define SOMETHING_LASTS true
#else
#define SOMETHING_LASTS (leaseLeft > 0 || me[0].own > 0 || me[INSTANCES - 1].own > 0 || \
  (stopped[0] && age[0] <= SPAN) || (stopped[1] && age[1] <= SPAN))
#endif

/* Time: what lasts runs out, for a frozen instance as for any other. */
proctype clock() {
  byte i;
  do
  :: d_step { MAY_PASS && SOMETHING_LASTS ->
#ifdef LATE
       if :: HELD -> late-- :: else fi;
#endif
       if :: leaseLeft > 0 -> leaseLeft-- :: else fi;
       if :: leaseLeft == 0 -> holder = NOBODY :: else fi;
       if :: stopped[0] && age[0] <= SPAN -> age[0]++ :: else fi;
       if :: stopped[1] && age[1] <= SPAN -> age[1]++ :: else fi;
       i = 0;
       do
       :: i < INSTANCES ->
          if :: me[i].leaveLeft > 0 -> me[i].leaveLeft-- :: else fi;
          if :: me[i].own > 0 -> me[i].own-- :: else fi;
          i++
       :: else -> break
       od;
       i = 0 }
  od
}

/* A process dies and is started again. Its disk stays. */
proctype crashes() {
  byte left = CRASHES, i;
  do
  :: left > 0 -> d_step {
       left--;
       i = 0 };
     if :: i = 0 :: INSTANCES > 1 -> i = INSTANCES - 1 fi;
     d_step {
       me[i].known = false; me[i].head = 0; me[i].orders = 0; me[i].codeUsed = false;
       me[i].latch[0] = LIVE; me[i].latch[1] = LIVE; me[i].latchOrder[0] = 0; me[i].latchOrder[1] = 0;
#ifdef SPOOL_IN_MEMORY
       me[i].spool = 0;
#endif
       rest(); me[i].own = 0;
       me[i].named = 0; me[i].looked = false;
       forget();
       i = 0 }
  :: break
  od
}

/* The ledger goes and comes back. */
proctype outages() {
  byte left = OUTAGES;
  do
  :: left > 0 -> left--; away = true; away = false
  :: break
  od
}

/* Somebody, or a write that comes late, changes the clamp behind everybody's back. */
proctype drifts() {
  byte left = DRIFTS;
  do
  :: left > 0 -> d_step { left--; gateway = gateway ^ 1 }
  :: break
  od
}

init {
  byte n = 0;
  atomic {
    /* The first scope is live, or was severed and seen long ago. */
    if
    :: true
    :: d_step {
         head = 1; orders = 1; latch[0] = SEVERED; latchOrder[0] = 1; gateway = 1;
         stopped[0] = true; refused[0] = true; age[0] = SPAN + 1 }
    fi;
    do
    :: n < INSTANCES -> run watch(n); run enforcer(n); n++
    :: else -> break
    od;
    run people(); run clock(); run crashes();
#if OUTAGES > 0
    run outages();
#endif
#if DRIFTS > 0
    run drifts();
#endif
    n = 0
  }
}

#define rests(s) ((stopped[s] && HAS(gateway, s) && latch[s] == SEVERED) || \
  (!stopped[s] && !HAS(gateway, s) && latch[s] == LIVE))

/* A stop is in the end severed and seen, and stays so; what a person restored is in the end live. */
ltl converges { <>[] (rests(0) && rests(1)) }
