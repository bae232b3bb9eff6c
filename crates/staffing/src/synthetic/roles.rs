//! What synthetic people do: titles, what they need to know, and how they are paid.

/// A skill's id and label.
pub(super) type Skill = (&'static str, &'static str);

/// A line of work.
#[derive(Clone, Copy, Default)]
pub(super) struct Role {
    pub(super) title: &'static str,
    pub(super) task: &'static str,
    /// Pay in percent of the country's middling salary.
    pub(super) pay: u64,
    pub(super) skills: &'static [Skill],
}

/// Ranks: how a title begins, percent of the role's pay, least years of practice.
pub(super) const RANKS: &[(&str, u64, u64)] =
    &[("Junior ", 68, 0), ("", 100, 2), ("Senior ", 135, 5), ("Lead ", 160, 8)];

pub(super) const ROLES: &[Role] = &[
    Role {
        title: "Backend Engineer (Rust)",
        task: "Own services that move money between ledgers and never lose a cent.",
        pay: 112,
        skills: &[
            ("local:rust", "Rust"),
            ("local:postgresql", "PostgreSQL"),
            ("local:tokio", "Tokio"),
            ("local:grpc", "gRPC"),
            ("local:kafka", "Apache Kafka"),
            ("local:docker", "Docker"),
            ("local:sql", "SQL"),
        ],
    },
    Role {
        title: "Backend Engineer (Java)",
        task: "Keep the booking platform fast on its busiest day.",
        pay: 104,
        skills: &[
            ("local:java", "Java"),
            ("local:spring-boot", "Spring Boot"),
            ("local:kafka", "Apache Kafka"),
            ("local:postgresql", "PostgreSQL"),
            ("local:kubernetes", "Kubernetes"),
            ("local:sql", "SQL"),
        ],
    },
    Role {
        title: "Frontend Engineer",
        task: "Build the customers’ portal so that everybody can use it, by screen reader too.",
        pay: 98,
        skills: &[
            ("local:typescript", "TypeScript"),
            ("local:react", "React"),
            ("local:css", "CSS"),
            ("local:wcag", "Accessibility (WCAG)"),
            ("local:graphql", "GraphQL"),
            ("local:playwright", "Playwright"),
        ],
    },
    Role {
        title: "Site Reliability Engineer",
        task: "Make failure boring: capacity, alerts that mean something, drills.",
        pay: 118,
        skills: &[
            ("local:kubernetes", "Kubernetes"),
            ("local:terraform", "Terraform"),
            ("local:aws", "Amazon Web Services"),
            ("local:prometheus", "Prometheus"),
            ("local:linux", "Linux"),
            ("local:go", "Go"),
            ("local:incident-response", "Incident response"),
        ],
    },
    Role {
        title: "Data Engineer",
        task: "Bring forty sources into one model that analysts trust.",
        pay: 106,
        skills: &[
            ("local:python", "Python"),
            ("local:sql", "SQL"),
            ("local:dbt", "dbt"),
            ("local:airflow", "Apache Airflow"),
            ("local:spark", "Apache Spark"),
            ("local:data-modelling", "Data modelling"),
        ],
    },
    Role {
        title: "Machine Learning Engineer",
        task: "Take models from notebook to production and measure that they help.",
        pay: 125,
        skills: &[
            ("local:python", "Python"),
            ("local:pytorch", "PyTorch"),
            ("local:mlops", "MLOps"),
            ("local:statistics", "Statistics"),
            ("local:c++", "C++"),
            ("local:docker", "Docker"),
        ],
    },
    Role {
        title: "Security Analyst",
        task: "Read the alerts, find the one that matters, and close the door behind it.",
        pay: 102,
        skills: &[
            ("local:siem", "SIEM"),
            ("local:threat-modelling", "Threat modelling"),
            ("local:incident-response", "Incident response"),
            ("local:linux", "Linux"),
            ("local:python", "Python"),
            ("local:iso-27001", "ISO/IEC 27001"),
        ],
    },
    Role {
        title: "QA Engineer",
        task: "Find out how it breaks before the customers do.",
        pay: 82,
        skills: &[
            ("local:test-design", "Test design"),
            ("local:playwright", "Playwright"),
            ("local:api-testing", "API testing"),
            ("local:sql", "SQL"),
            ("local:typescript", "TypeScript"),
        ],
    },
    Role {
        title: "Product Manager",
        task: "Decide what not to build, and say why.",
        pay: 115,
        skills: &[
            ("local:product-discovery", "Product discovery"),
            ("local:roadmapping", "Roadmapping"),
            ("local:user-research", "User research"),
            ("local:sql", "SQL"),
            ("local:stakeholder-management", "Stakeholder management"),
        ],
    },
    Role {
        title: "UX Designer",
        task: "Turn a form of sixty fields into a conversation of six.",
        pay: 90,
        skills: &[
            ("local:figma", "Figma"),
            ("local:user-research", "User research"),
            ("local:wcag", "Accessibility (WCAG)"),
            ("local:prototyping", "Prototyping"),
            ("local:design-systems", "Design systems"),
        ],
    },
    Role {
        title: "Technical Writer",
        task: "Write the page that makes the support ticket unnecessary.",
        pay: 76,
        skills: &[
            ("local:technical-writing", "Technical writing"),
            ("local:openapi", "OpenAPI"),
            ("local:markdown", "Markdown"),
            ("local:information-architecture", "Information architecture"),
            ("local:git", "Git"),
        ],
    },
    Role {
        title: "Customer Support Specialist",
        task: "Answer in two languages, and write down what keeps coming back.",
        pay: 58,
        skills: &[
            ("local:customer-support", "Customer support"),
            ("local:zendesk", "Zendesk"),
            ("local:troubleshooting", "Troubleshooting"),
            ("local:written-communication", "Written communication"),
            ("local:crm", "CRM"),
        ],
    },
    Role {
        title: "Payroll Accountant",
        task: "Close the month in five countries without surprises.",
        pay: 74,
        skills: &[
            ("local:payroll", "Payroll"),
            ("local:ifrs", "IFRS"),
            ("local:spreadsheets", "Spreadsheets"),
            ("local:tax-compliance", "Tax compliance"),
            ("local:erp", "ERP"),
        ],
    },
    Role {
        title: "Sales Development Representative",
        task: "Start conversations that are worth having.",
        pay: 64,
        skills: &[
            ("local:prospecting", "Prospecting"),
            ("local:crm", "CRM"),
            ("local:negotiation", "Negotiation"),
            ("local:written-communication", "Written communication"),
            ("local:b2b-sales", "B2B sales"),
        ],
    },
];
