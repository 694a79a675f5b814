-- 1. Two target tables, as yours might be

CREATE TABLE vendor (
    assignment    text PRIMARY KEY,
    registry      text NOT NULL,
    organization  text NOT NULL,
    address       text
);

CREATE TABLE customer (
    company_id    text PRIMARY KEY,
    company_name  text NOT NULL,
    full_name     text NOT NULL,
    email_address text NOT NULL,
    street        text,
    city          text NOT NULL,
    country       text NOT NULL,
    total_costs   float8,
    close_date    date
);

-- 2. What a good row is: target data models

SELECT nuvopipe.create_tdm('vendors', '[
  {"key": "registry",     "label": "Registry", "columnType": "string",
   "validations": [{"validate": "required"}]},
  {"key": "assignment",   "label": "Assignment", "columnType": "string",
   "validations": [{"validate": "required"}, {"validate": "unique"},
                   {"validate": "regex", "regex": "^[0-9A-F]{6}$"}]},
  {"key": "organization", "label": "Organization Name", "columnType": "string",
   "validations": [{"validate": "required"}]},
  {"key": "address",      "label": "Organization Address", "columnType": "string"}
]') AS vendors;

SELECT nuvopipe.create_tdm('customers', :'sample_tdm') AS customers;

-- 3. Where files come from, where rows go: connectors

SELECT nuvopipe.create_connector('vendor file', 'INPUT', 'FTP', :'vendor_file') AS vendor_file;

SELECT nuvopipe.create_connector('customer file', 'INPUT', 'FTP', :'customer_file') AS customer_file;

SELECT nuvopipe.create_connector('vendor table', 'OUTPUT', 'TABLE',
  '{"relation": "public.vendor", "mode": "insert"}') AS vendor_table;

SELECT nuvopipe.create_connector('customer table', 'OUTPUT', 'TABLE',
  '{"relation": "public.customer", "mode": "insert"}') AS customer_table;

-- 4. The pipelines; bad rows are set aside, good rows go in

SELECT nuvopipe.create_pipeline('vendors', input => 'vendor file', tdm => 'vendors',
  output => 'vendor table', options => '{"on_error": "skip_rows"}') AS vendors;

SELECT nuvopipe.create_pipeline('customers', input => 'customer file', tdm => 'customers',
  output => 'customer table', options => '{"on_error": "skip_rows"}') AS customers;
