//! The steps that the bounded matcher runs.

use crate::byte_set::ByteSet;
use crate::pattern::syntax::{Around, Node, Place, Repeat};

/// A pattern as steps.
#[derive(Debug)]
pub(in crate::pattern) struct Program {
    pub(super) steps: Vec<Step>,
    /// Bounds of groups, and the places where loops began.
    pub(super) slots: usize,
    pub(super) capture_slots: usize,
    /// Whether a state that failed once always fails: not if it depends on what a group matched.
    pub(super) may_remember: bool,
}

#[derive(Debug)]
pub(super) enum Step {
    Byte(ByteSet),
    Place(Place),
    Jump(usize),
    Split {
        first: usize,
        second: usize,
    },
    Save(usize),
    /// Goes on if the loop moved since the slot was saved.
    Moved {
        slot: usize,
        otherwise: usize,
    },
    /// What is looked for begins with the next step, and so many bytes back.
    Around {
        back: usize,
        negative: bool,
        after: usize,
    },
    /// The group begins with the next step.
    Atomic {
        after: usize,
    },
    /// All bytes of the set that follow, of which there must be some number.
    Run {
        set: ByteSet,
        min: usize,
    },
    Again {
        group: usize,
        ignore_case: bool,
    },
    Done,
}

impl Step {
    /// Threads meet again only at these, so that no others need to be remembered.
    pub(super) fn is_remembered(&self) -> bool {
        matches!(self, Self::Split { .. } | Self::Around { .. } | Self::Atomic { .. })
            || matches!(self, Self::Run { .. } | Self::Jump(_))
    }
}

impl Program {
    pub(in crate::pattern) fn new(node: &Node, captures: u16) -> Self {
        let capture_slots = (usize::from(captures) + 1) * 2;
        let may_remember = !node.says_again();
        let mut program =
            Self { steps: Vec::new(), slots: capture_slots, capture_slots, may_remember };
        program.emit(node);
        program.steps.push(Step::Done);
        program
    }

    fn emit(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Class(set) => self.steps.push(Step::Byte(*set)),
            Node::Place(place) => self.steps.push(Step::Place(*place)),
            Node::Concat(parts) => parts.iter().for_each(|part| self.emit(part)),
            Node::Alternation(branches) => self.alternation(branches),
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Capture(number, node) => {
                let slot = usize::from(*number) * 2;
                self.steps.push(Step::Save(slot));
                self.emit(node);
                self.steps.push(Step::Save(slot + 1));
            }
            Node::Atomic(node) => self.atomic(node),
            Node::Around(around) => self.around(around),
            Node::Again { group, ignore_case } => self
                .steps
                .push(Step::Again { group: usize::from(*group), ignore_case: *ignore_case }),
        }
    }

    fn alternation(&mut self, branches: &[Node]) {
        let mut jumps = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.emit(branch);
                continue;
            }
            let split = self.hold();
            self.emit(branch);
            jumps.push(self.hold());
            let second = self.steps.len();
            self.put(split, Step::Split { first: split + 1, second });
        }
        let end = self.steps.len();
        jumps.into_iter().for_each(|jump| self.put(jump, Step::Jump(end)));
    }

    fn repeat(&mut self, repeat: &Repeat) {
        (0..repeat.min).for_each(|_| self.emit(&repeat.node));
        let Some(max) = repeat.max else { return self.endless(repeat) };
        let splits: Vec<usize> = (repeat.min..max)
            .map(|_| {
                let split = self.hold();
                self.emit(&repeat.node);
                split
            })
            .collect();
        let end = self.steps.len();
        splits.into_iter().for_each(|split| self.split(split, end, repeat.greedy));
    }

    fn endless(&mut self, repeat: &Repeat) {
        let split = self.hold();
        let slot = self.slots;
        self.slots += 1;
        self.steps.push(Step::Save(slot));
        self.emit(&repeat.node);
        let otherwise = self.steps.len() + 2;
        self.steps.push(Step::Moved { slot, otherwise });
        self.steps.push(Step::Jump(split));
        self.split(split, otherwise, repeat.greedy);
    }

    fn atomic(&mut self, node: &Node) {
        if let Node::Repeat(repeat) = node
            && let Repeat { node: Node::Class(set), min, max: None, .. } = **repeat
        {
            self.steps.push(Step::Run { set, min: usize::try_from(min).unwrap_or(usize::MAX) });
            return;
        }
        let start = self.hold();
        self.emit(node);
        self.steps.push(Step::Done);
        self.put(start, Step::Atomic { after: self.steps.len() });
    }

    /// Branches of a look-behind begin at different places, so that each looks for itself.
    fn around(&mut self, around: &Around) {
        let Around { node: Node::Alternation(branches), behind: true, negative } = around else {
            return self.look(&around.node, around.behind, around.negative);
        };
        let look = |node: &Node| {
            let around = Around { node: node.clone(), behind: true, negative: *negative };
            Node::Around(Box::new(around))
        };
        let looks: Vec<Node> = branches.iter().map(look).collect();
        if *negative {
            looks.iter().for_each(|look| self.emit(look));
        } else {
            self.alternation(&looks);
        }
    }

    fn look(&mut self, node: &Node, behind: bool, negative: bool) {
        let start = self.hold();
        self.emit(node);
        self.steps.push(Step::Done);
        let back = if behind { node.width().unwrap_or(0) } else { 0 };
        let after = self.steps.len();
        self.put(start, Step::Around { back, negative, after });
    }

    fn split(&mut self, at: usize, end: usize, greedy: bool) {
        let (first, second) = if greedy { (at + 1, end) } else { (end, at + 1) };
        self.put(at, Step::Split { first, second });
    }

    /// A place for a step whose target is not known yet.
    fn hold(&mut self) -> usize {
        self.steps.push(Step::Done);
        self.steps.len() - 1
    }

    fn put(&mut self, at: usize, step: Step) {
        if let Some(place) = self.steps.get_mut(at) {
            *place = step;
        }
    }
}
