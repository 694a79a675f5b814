# Routes.pm - what every route of the API promises, one entry each (used by conformance.pl)
#
# Key: method and path, without /dp/api/v1.  Members:
#	id		kind of the object in the path (a key of World's ids), also for {ticket} and {secret}
#	fresh	sub (world): such an object that success may use up
#	body	sub (world): a body that is accepted
#	bad		[[body, path of the fault], ...], each 400 with that path; {nope} is tried everywhere
#	refs	{place in the body => kind}: references to other objects; those of others are unknown
#	right	"tdm.create" needs that permission, "users" is not for sub-organizations, undef: anybody
#	query	what must be in a query for success;  bad_query: what must be refused with 400
#	shape	of data;  list => 1: data is a list with pagination
#	check	sub (answer, world) instead of shape;  raw => 1: no JSON
#	any_body	bodies are not looked at;  own => 1: the object is its maker's alone
package Routes;
use strict;
use warnings;
use Api;
use World;

my %audit = (id => 'uuid', created_at => 'time', created_by => \%Api::actor, updated_at => 'time', updated_by => \%Api::actor);
my %free = ('description?' => 'text', 'tags?' => ['text']);
my %level = (permissions => {level => '=PUBLIC|PRIVATE'});
my %verbs = map { $_ => 'bool' } qw(create read write delete);
my %execution_verbs = map { $_ => 'bool' } qw(create read write);
my %permissions = (permissions => {pipeline => \%verbs, connector => \%verbs, tdm => \%verbs, execution => \%execution_verbs});
my %configuration = (id => 'uuid', version => 'int', input_connectors => ['uuid'], output_connectors => ['uuid'], tdm => 'uuid',
	mapping_config => {mode => '=DEFAULT|EXACT', mappings => 'list'}, developer_mode => 'bool', 'error_config?' => {error_threshold => 'num'},
	'schedule_config?' => 'obj', 'header_config?' => 'obj', 'options?' => 'obj');
my %upload = (id => 'uuid', 'file_name?' => 'text', 'content_type?' => 'text', 'size?' => 'int', offset => 'int', state => '=RECEIVING|COMPLETE|EXPIRED',
	'sha256?' => 'text', 'input_connector?' => 'uuid', chunk_size => 'int', expires_at => 'time', created_at => 'time', created_by => \%Api::actor);
my %issue = (id => 'text', row_no => 'int', 'line?' => 'int', column_key => 'text', source_column => 'text', code => 'text', message => 'text',
	severity => '=error|warning', 'value?' => 'str', state => '=OPEN');
my $usage = [{type => '=pipeline|template', id => 'uuid', name => 'text'}];
my $steps = {ok => 'bool', steps => [{step => '=load|connect|list', ok => 'bool', detail => 'str', duration_ms => 'num'}]};
my %token = (id => 'uuid', kind => '=ACCESS_TOKEN|API_KEY|SESSION', principal => \%Api::actor, 'label?' => 'text', 'scopes?' => 'list', created_at => 'time',
	created_by => \%Api::actor, 'expires_at?' => 'time');
my %delivery = (id => 'uuid', webhook => 'uuid', webhook_name => 'text', event => 'text', 'execution?' => 'uuid', status => '=PENDING|DELIVERED|DEAD', attempts => 'int',
	'next_at?' => 'time', 'last_status?' => 'int', 'last_error?' => 'text', 'delivered_at?' => 'time', created_at => 'time', updated_at => 'time');
my %counts = map { $_ => 'int' } qw(total successful failed canceled processing rows error_cells);

our $tdm = {name => 'text', columns => 'list', %audit, %free, %level};
our $connector = {name => 'text', type => '=INPUT|OUTPUT', node_type => '=HTTP|FTP|MANUAL|TABLE|FILE', configuration => 'obj', trigger_type => '=TIME_BASE|EVENT_BASE',
	'receiver_url?' => 'text', %audit, %free, %level};
our $template = {name => 'text', 'pipeline_name?' => 'text', 'input_connectors?' => ['uuid'], 'output_connectors?' => ['uuid'], 'tdm?' => 'uuid', 'mapping_config?' => 'obj',
	'developer_mode?' => 'bool', 'error_config?' => 'obj', 'schedule_config?' => 'obj', 'header_config?' => 'obj', 'options?' => 'obj', %audit, %free};
our $pipeline = {name => 'text', status => '=ACTIVE|INACTIVE', configuration => \%configuration, executions => 'int', last_executions => ['=PROCESSING|SUCCESSFUL|FAILED|CANCELED'],
	'last_execution_at?' => 'time', %audit, %free};
our $user = {email => 'text', identifier => 'text', 'first_name?' => 'text', 'last_name?' => 'text', role => '=OWNER|MEMBER', 'position?' => 'text', %permissions, %audit};
our $sub = {name => 'text', identifier => 'text', %permissions, %audit};
our $webhook = {name => 'text', url => 'text', events => ['=EXECUTION_CREATED|EXECUTION_SUCCESSFUL|EXECUTION_FAILED|EXECUTION_CANCELED'], 'pipeline?' => 'uuid', status => '=ACTIVE|INACTIVE',
	'reason?' => 'text', failures => 'int', 'hold_until?' => 'time', 'sent_at?' => 'time', %audit, 'description?' => 'text', tags => ['text']};

our $schedule = {pipeline => 'uuid', pipeline_name => 'text', schedule_config => 'obj', time_zone => 'text', state => '=ACTIVE|PAUSED|INACTIVE|ENDED|FAULTY', 'fault?' => 'text',
	'next_at?' => 'time', 'due_at?' => 'time', 'paused_at?' => 'time', 'paused_by?' => \%Api::actor, 'paused_reason?' => 'text', created_at => 'time'};
our $planned_run = {pipeline => 'uuid', 'pipeline_name?' => 'text', planned_at => 'time', 'until_at?' => 'time', instants => 'int', due_at => 'time', decided_at => 'time',
	'started_at?' => 'time', 'lag_ms?' => 'int', outcome => '=WAITING|RAN|SKIPPED_OVERLAP|SKIPPED_DOWN|SKIPPED_PAUSED|FAILED_TO_START|CANCELED', 'reason?' => 'text',
	is_backfill => 'bool', 'run?' => 'uuid'};
our $calendar = {name => 'text', excluded_dates => ['text'], excluded_weekdays => ['text'], %audit, %free, %level};
our $trigger = {name => 'text', pipeline => 'uuid', kind => '=SUCCESS|NOTIFY|QUERY|TABLE', configuration => 'obj', status => '=ACTIVE|INACTIVE', signals => 'int', starts => 'int',
	'last_signal_at?' => 'time', 'last_start_at?' => 'time', 'last_run?' => 'uuid', 'last_check_at?' => 'time', 'next_check_at?' => 'time', failures => 'int', 'last_error?' => 'text',
	'last_error_at?' => 'time', %audit};

# as nuvo documents them: what is created, what a list shows, what one shows (and what is ours beside it)
our $started = [{id => 'uuid', pipeline => 'uuid', status => '=PROCESSING', trigger_type => '=MANUAL|SCHEDULED|EVENT'}];
my %execution = (pipeline => 'uuid', status => '=SUCCESSFUL|FAILED|PROCESSING', trigger_type => '=MANUAL|SCHEDULED|EVENT', %audit,
	'error?' => {message => 'text', 'type?' => '=SOURCE_UNRESPONSIVE|SOURCE_DATA_EMPTY|PARSING_FAILURE|DESTINATION_UNRESPONSIVE|DESTINATION_SIZE_LIMIT|WRITE_FILE_FAILURE|ERROR_THRESHOLD_EXCEEDED'});
our $listed = {%execution};
our $execution = {%execution, configuration => 'uuid',
	logs => [{status => '=SUCCESSFUL|FAILED|PROCESSING', type => '=CREATE|FIX', started_at => 'time', started_on => 'time', 'duration?' => 'int', attempts => 'int',
		data => {total_rows => 'int', total_cells => 'int', total_error_cells => 'int', total_error_rows => 'int'}}],
	state => '=QUEUED|RUNNING|SUCCEEDED|FAILED|CANCELED', can => 'obj', 'progress?' => 'obj', 'input?' => 'obj', 'output?' => 'obj', 'accounting?' => 'obj', 'error_detail?' => 'obj',
	'note?' => 'text'};

sub text_is { my ($wanted) = @_; return sub { my ($a) = @_; like $a->{text}, $wanted, "$a->{what}: its text" } }
sub message_success { my ($a) = @_; is $a->{text}, '{"message": "success"}', "$a->{what}: its message" }
sub no_text { my ($a) = @_; is $a->{text}, '', "$a->{what}: no body" }

my %ftp = (name => 'x', type => 'INPUT', node_type => 'FTP');
my $bad_list = 'filters={"nope":1}';

our %route = (
	# ---- models, connectors, templates, pipelines
	'POST /tdm' => {right => 'tdm.create', shape => $tdm, body => sub { +{name => World::unique('tdm'), columns => World::columns()} },
		bad => [[{columns => World::columns()}, 'name'], [{name => 'x'}, 'columns'], [{name => 'x', columns => [{key => 'a', label => 'A', columnType => 'strng'}]}, 'columns[0].columnType'],
			[{name => 'x', columns => World::columns(), permissions => {level => 'SOME'}}, 'permissions.level'], [{name => 7, columns => World::columns()}, 'name']]},
	'GET /tdm' => {right => 'tdm.read', list => 1, shape => $tdm, bad_query => $bad_list},
	'GET /tdm/{id}' => {id => 'tdm', right => 'tdm.read', shape => $tdm},
	'PUT /tdm/{id}' => {id => 'tdm', right => 'tdm.write', shape => $tdm, body => sub { +{description => 'changed'} }, bad => [[{columns => {}}, 'columns']]},
	'DELETE /tdm/{id}' => {id => 'tdm', right => 'tdm.delete', check => \&message_success,
		fresh => sub { $_[0]{as}->post('/tdm', {name => World::unique('gone'), columns => World::columns()})->data(201)->{id} }},
	'GET /tdm/{id}/usage' => {id => 'tdm', right => 'tdm.read', shape => $usage},
	'GET /tdm/column-type' => {right => 'tdm.read', shape => [{columnType => 'text', output => '=string|integer|number|boolean|any', parameters => ['text'],
		validations => [{validate => 'text', parameters => ['text']}]}]},
	'POST /tdm/check' => {right => 'tdm.read', shape => {ok => 'bool'}, body => sub { +{columns => World::columns()} }, bad => [[{columns => [{key => 'a'}, {key => 'a'}]}, qr/^columns/]]},
	'POST /tdm/try' => {right => 'tdm.read', body => sub { +{column => {columnType => 'int'}, values => ['1', 'x']} }, shape => [{ok => 'bool', output => 'any', 'code?' => 'text', 'message?' => 'text'}],
		bad => [[{values => []}, 'column'], [{column => {columnType => 'int'}}, 'values']]},
	'POST /tdm/draft' => {right => 'tdm.create', body => sub { +{source => {upload => $_[0]{ids}{upload}}} }, refs => {'source.upload' => 'upload', 'source.connector' => 'connector'},
		check => sub { is $_[0]{json}{data}{columns}[0]{key}, 'id', 'a draft of an upload' }, bad => [[{}, 'source'], [{source => {upload => 1}}, 'source.upload']]},
	'POST /connector' => {right => 'connector.create', shape => $connector,
		body => sub { +{%ftp, name => World::unique('connector'), configuration => World::ftp_configuration('in'), trigger_type => 'TIME_BASE'} },
		bad => [[{%ftp, configuration => {}}, qr/^configuration/], [{%ftp}, 'configuration'], [{%ftp, node_type => 'FPT', configuration => {}}, 'node_type'], [{%ftp, type => 'IN'}, 'type'],
			[{%ftp, configuration => World::ftp_configuration('in', pasword => 'x')}, qr/^configuration/]]},
	'GET /connector' => {right => 'connector.read', list => 1, shape => $connector, bad_query => 'sort={"name":"up"}'},
	'GET /connector/{id}' => {id => 'connector', right => 'connector.read', shape => $connector},
	'PUT /connector/{id}' => {id => 'connector', right => 'connector.write', shape => $connector, body => sub { +{tags => ['changed']} }, bad => [[{tags => 'x'}, 'tags']]},
	'DELETE /connector/{id}' => {id => 'connector', right => 'connector.delete', check => \&message_success,
		fresh => sub { $_[0]{as}->post('/connector', {%ftp, name => World::unique('gone'), configuration => World::ftp_configuration('in')})->data(201)->{id} }},
	'GET /connector/{id}/usage' => {id => 'connector', right => 'connector.read', shape => $usage},
	'GET /connector/{id}/data' => {id => 'connector', right => 'connector.read', status => 422, bad_query => 'options={"rows":0}'},
	'GET /connector/{id}/listing' => {id => 'connector', right => 'connector.read',
		shape => [{path => 'text', 'bytes?' => 'int', 'modified_at?' => 'time', 'version?' => 'text', taken => 'bool', 'reason?' => 'text'}]},
	'POST /connector/{id}/test' => {id => 'connector', right => 'connector.read', shape => $steps},
	'POST /connector/test' => {right => 'connector.create', shape => $steps, body => sub { +{%ftp, configuration => World::ftp_configuration('in')} }, bad => [[{%ftp, configuration => {}}, qr/^configuration/]]},
	'GET /connector/type' => {right => 'connector.read', shape => [{node_type => 'text', direction => '=INPUT|OUTPUT', label => 'text', trigger_types => ['=TIME_BASE|EVENT_BASE'],
		fields => [{path => 'text', kind => 'text', required => 'bool', secret => 'bool', 'when?' => 'obj'}]}]},
	'POST /connector/{id}/receiver' => {id => 'event', right => 'connector.write', any_body => 1, shape => {id => 'uuid', receiver_url => 'text'}},
	'DELETE /connector/{id}/receiver' => {id => 'event', right => 'connector.write', check => \&no_text,
		fresh => sub { $_[0]{as}->post('/connector', {name => World::unique('event'), type => 'INPUT', node_type => 'HTTP', trigger_type => 'EVENT_BASE', configuration => {}})->data(201)->{id} }},
	'POST /pipeline-template' => {right => 'users', shape => $template, body => sub { +{name => World::unique('template'), tdm => $_[0]{ids}{tdm}, error_config => {error_threshold => 32},
			schedule_config => {frequency => 'HOURLY', interval => 6, starts_on => '2024-09-21T06:57:06.672Z', ends_on => '2024-09-30T06:57:06.672Z'}} },
		refs => {tdm => 'tdm', 'input_connectors.0' => 'input', 'output_connectors.0' => 'output'},
		bad => [[{}, 'name'], [{name => 'x', error_config => {error_threshold => 101}}, 'error_config.error_threshold'], [{name => 'x', schedule_config => {frequency => 'DALY'}}, 'schedule_config.frequency']]},
	'GET /pipeline-template' => {right => 'users', list => 1, shape => $template, bad_query => $bad_list},
	'GET /pipeline-template/{id}' => {id => 'template', right => 'users', shape => $template},
	'PUT /pipeline-template/{id}' => {id => 'template', right => 'users', shape => $template, body => sub { +{developer_mode => JSON::PP::true} }, refs => {tdm => 'tdm'}, bad => [[{developer_mode => 1}, 'developer_mode']]},
	'DELETE /pipeline-template/{id}' => {id => 'template', right => 'users', check => \&message_success, fresh => sub { $_[0]{as}->post('/pipeline-template', {name => World::unique('gone')})->data(201)->{id} }},
	'POST /pipeline' => {right => 'pipeline.create', shape => $pipeline, body => sub { my $o = $_[0]{ids}; +{name => World::unique('pipeline'), configuration => {input_connectors => [$o->{connector}],
			output_connectors => [$o->{output}], tdm => $o->{tdm}, schedule_config => {frequency => 'DAILY'}}} },
		refs => {'configuration.tdm' => 'tdm', 'configuration.input_connectors.0' => 'connector', 'configuration.output_connectors.0' => 'output', template => 'template', template_id => 'template'},
		bad => [[{name => 'x'}, 'configuration.input_connectors'], [{name => 'x', configuration => 1}, 'configuration'], [{name => 'x', status => 'ON'}, 'status'],
			[{name => 'x', configuration => {nope => 1}}, 'configuration']]},
	'GET /pipeline' => {right => 'pipeline.read', list => 1, shape => $pipeline, bad_query => 'pagination={"limit":1000}'},
	'GET /pipeline/{id}' => {id => 'pipeline', right => 'pipeline.read', shape => $pipeline},
	'PUT /pipeline/{id}' => {id => 'pipeline', right => 'pipeline.write', shape => $pipeline, body => sub { +{description => 'changed'} }, bad => [[{status => 'OFF'}, 'status'], [{configuration => {}}, qr/^configuration/]]},
	'DELETE /pipeline/{id}' => {id => 'pipeline', right => 'pipeline.delete', check => \&message_success, fresh => sub { my $o = $_[0]{ids};
		$_[0]{as}->post('/pipeline', {name => World::unique('gone'), configuration => {input_connectors => [$o->{connector}], output_connectors => [$o->{output}], tdm => $o->{tdm}}})->data(201)->{id} }},
	'GET /pipeline/{id}/configuration' => {id => 'pipeline', right => 'pipeline.read', list => 1, shape => {%configuration, is_current => 'bool', created_at => 'time', created_by => \%Api::actor}, bad_query => $bad_list},
	'GET /pipeline/{id}/configuration/{configuration_id}' => {id => 'pipeline', right => 'pipeline.read', shape => {%configuration, is_current => 'bool', created_at => 'time', created_by => \%Api::actor}},
	'POST /pipeline/{id}/configuration/{configuration_id}/restore' => {id => 'pipeline', right => 'pipeline.write', any_body => 1, shape => $pipeline},

	# ---- what starts pipelines
	'POST /schedule/preview' => {right => 'pipeline.read', body => sub { +{schedule_config => {frequency => 'DAILY', starts_on => '2026-03-27T01:30:00Z', time_zone => 'Europe/Berlin'}, after => '2026-03-27T00:00:00Z', count => 3} },
		shape => [{planned_at => 'time', local => 'text', 'note?' => {code => '=gap|overlap|clipped', params => 'obj'}}],
		bad => [[{}, 'schedule_config'], [{schedule_config => {frequency => 'DALY'}}, 'schedule_config.frequency'], [{schedule_config => {cron => '61 * * * *'}}, 'schedule_config.cron'],
			[{schedule_config => {frequency => 'DAILY'}, time_zone => 'Mars/Olympus'}, 'schedule_config.time_zone'], [{schedule_config => {frequency => 'DAILY'}, count => 0}, 'count']]},
	'GET /schedule' => {right => 'pipeline.read', list => 1, shape => $schedule, bad_query => $bad_list},
	'GET /pipeline/{id}/schedule' => {id => 'scheduled', right => 'pipeline.read', shape => $schedule},
	'POST /pipeline/{id}/schedule/pause' => {id => 'scheduled', right => 'pipeline.write', shape => $schedule, body => sub { +{reason => 'holidays'} }, bad => [[{reason => 1}, 'reason']]},
	'POST /pipeline/{id}/schedule/resume' => {id => 'scheduled', right => 'pipeline.write', shape => $schedule, body => sub { +{} }},
	'POST /pipeline/{id}/schedule/backfill' => {id => 'scheduled', right => 'pipeline.write', shape => [{planned_at => 'time', outcome => 'text', run => 'uuid'}],
		body => sub { +{from => '2020-01-01T00:00:00Z', to => '2020-02-01T00:00:00Z'} }, bad => [[{}, 'from'], [{from => 'x'}, 'from'], [{from => '2020-01-01T00:00:00Z', max_runs => 0}, 'max_runs']]},
	'GET /planned-run' => {right => 'execution.read', list => 1, shape => $planned_run, bad_query => $bad_list},
	'POST /calendar' => {right => 'users', shape => $calendar, body => sub { +{name => World::unique('calendar'), excluded_dates => ['2026-12-25'], excluded_weekdays => ['SAT', 'SUN']} },
		bad => [[{}, 'name'], [{name => 'x', excluded_dates => ['2026-02-30']}, 'excluded_dates[0]'], [{name => 'x', excluded_dates => ['tomorrow']}, 'excluded_dates[0]'],
			[{name => 'x', excluded_weekdays => ['SON']}, 'excluded_weekdays[0]'], [{name => 'x', excluded_dates => 'x'}, 'excluded_dates']]},
	'GET /calendar' => {right => 'users', list => 1, shape => $calendar, bad_query => $bad_list},
	'GET /calendar/{id}' => {id => 'calendar', right => 'users', shape => $calendar},
	'PUT /calendar/{id}' => {id => 'calendar', right => 'users', shape => $calendar, body => sub { +{excluded_dates => ['2026-12-26']} }, bad => [[{excluded_weekdays => [1]}, 'excluded_weekdays[0]']]},
	'DELETE /calendar/{id}' => {id => 'calendar', right => 'users', check => \&message_success,
		fresh => sub { $_[0]{as}->post('/calendar', {name => World::unique('gone')})->data(201)->{id} }},
	'POST /trigger' => {right => 'pipeline.write', shape => $trigger, body => sub { +{pipeline => $_[0]{ids}{scheduled}, kind => 'NOTIFY', configuration => {channel => 'orders'}, name => World::unique('trigger')} },
		refs => {pipeline => 'scheduled'}, bad => [[{}, 'pipeline'], [{pipeline => 'x'}, 'kind']]},
	'GET /trigger' => {right => 'pipeline.read', list => 1, shape => $trigger, bad_query => $bad_list},
	'GET /trigger/{id}' => {id => 'trigger', right => 'pipeline.read', shape => $trigger},
	'PUT /trigger/{id}' => {id => 'trigger', right => 'pipeline.write', shape => $trigger, body => sub { +{status => 'INACTIVE'} }, bad => [[{status => 'ON'}, 'status']]},
	'DELETE /trigger/{id}' => {id => 'trigger', right => 'pipeline.write', check => \&message_success,
		fresh => sub { $_[0]{as}->post('/trigger', {pipeline => $_[0]{ids}{scheduled}, kind => 'NOTIFY', configuration => {channel => 'gone'}, name => World::unique('gone')})->data(201)->{id} }},

	# ---- operation
	'GET /worker' => {right => 'users', shape => [{pid => 'int', kind => '=launcher|keeper|runner|sender|session|listener|errand|scribe', started_at => 'time', idle => 'bool', 'idle_since?' => 'time',
		'execution?' => 'uuid', 'phase?' => 'text', 'executions?' => 'int', 'memory?' => 'int'}]},
	'GET /alert' => {right => 'users', shape => [{severity => '=CRITICAL|WARNING', code => 'text', 'organization?' => 'text', 'pipeline?' => 'uuid', 'object?' => 'text', message => 'text',
		'since?' => 'time', 'hint?' => 'text', detail => 'obj'}]},

	# ---- executions
	'POST /execution' => {right => 'execution.create', shape => $started, refs => {pipeline_id => 'pipeline', 'input.upload' => 'upload'},
		body => sub { +{pipeline_id => $_[0]{ids}{pipeline}, input => {upload => World::upload($_[0]{as}, World::unique('file') . '.csv', "id,name\n7,seven\n")}} },
		bad => [[{}, 'pipeline_id'], [{pipeline_id => 1}, 'pipeline_id'], [{pipeline_id => 'x', force => 'yes'}, 'force'], [{pipeline_id => 'x', input => {}}, 'input.upload']]},
	'GET /execution' => {right => 'execution.read', list => 1, shape => $listed, bad_query => 'filters[status][$like]=x'},
	'GET /execution/{id}' => {id => 'execution', right => 'execution.read', shape => $execution},
	'PUT /execution/{id}' => {id => 'execution', right => 'execution.write', any_body => 1, status => 422},
	'POST /execution/{id}/cancel' => {id => 'execution', right => 'execution.write', any_body => 1, status => 409},
	'GET /execution/{id}/log' => {id => 'execution', right => 'execution.read', shape => [{at => 'time', 'attempt?' => 'int', phase => 'text', level => '=info|warning|error', code => 'text', params => 'obj', 'message?' => 'text'}]},
	'GET /execution/{id}/issue' => {id => 'execution', right => 'execution.read', list => 1, shape => \%issue, bad_query => $bad_list},
	'GET /execution/{id}/issue/summary' => {id => 'execution', right => 'execution.read', shape => {cells => 'int', rows => 'int', columns => [{column_key => 'text', label => 'text', cells => 'int', rows => 'int',
		codes => [{code => 'text', message => 'text', cells => 'int', rows => 'int', open => 'int', examples => ['str']}]}]}},
	'GET /execution/{id}/row' => {id => 'execution', right => 'execution.read', query => 'only=REJECTED', list => 1, bad_query => 'only=SOME',
		shape => {row_no => 'int', line => 'int', state => '=REJECTED', cells => 'obj', issues => [\%issue]}},
	'GET /execution/{id}/input' => {id => 'execution', right => 'execution.read', raw => 1, check => text_is(qr/^id,name\n/)},
	'GET /execution/{id}/output' => {id => 'execution', right => 'execution.read', raw => 1, check => text_is(qr/^id,name\n/)},
	'GET /execution/{id}/errors' => {id => 'execution', right => 'execution.read', raw => 1, check => text_is(qr/invalid_int/), bad_query => 'kind=some'},
	'POST /execution/{id}/download' => {id => 'execution', right => 'execution.read', body => sub { +{kind => 'OUTPUT'} }, bad => [[{}, 'kind'], [{kind => 'ALL'}, 'kind'], [{kind => 'ISSUES', format => 'PDF'}, 'format']],
		shape => {id => 'uuid', state => '=READY', url => 'text', expires_at => 'time', 'bytes?' => 'int'}},
	'GET /execution/statistics' => {right => 'execution.read', bad_query => 'bucket=year', shape => [{from => 'time', %counts, duration_p50 => 'any', duration_p95 => 'any'}]},
	'GET /execution/issue/statistics' => {right => 'execution.read', bad_query => 'by=row', shape => [{'column_key?' => 'text', 'code?' => 'text', cells => 'int', executions => 'int'}]},
	'GET /download/{ticket}' => {id => 'ticket', raw => 1, check => text_is(qr/^id,name\n/),
		fresh => sub { $_[0]{as}->post("/execution/$_[0]{ids}{execution}/download", {kind => 'OUTPUT'})->data(201)->{url} =~ m{([^/]+)$} && $1 }},
	'POST /receive/{secret}' => {id => 'secret', any_body => 1, status => 409,
		fresh => sub { $_[0]{as}->post("/connector/$_[0]{ids}{event}/receiver")->data(201)->{receiver_url} =~ m{([^/]+)$} && $1 }},
	'POST /upload' => {right => 'execution.create', shape => \%upload, body => sub { +{file_name => 'a.csv', size => 3} }, refs => {input_connector => 'input'},
		bad => [[{size => -1}, 'size'], [{size => 'x'}, 'size'], [{file_name => 1}, 'file_name']]},
	'GET /upload/{id}' => {id => 'upload', right => 'execution.create', shape => \%upload},
	'PATCH /upload/{id}' => {id => 'upload', right => 'execution.create', check => \&no_text, piece => 'abc',
		fresh => sub { $_[0]{as}->post('/upload', {file_name => 'a.csv', size => 3})->data(201)->{id} }},
	'DELETE /upload/{id}' => {id => 'upload', right => 'execution.create', check => \&no_text, fresh => sub { $_[0]{as}->post('/upload', {file_name => 'a.csv', size => 3})->data(201)->{id} }},
	'POST /preview' => {right => 'pipeline.create+execution.write', body => sub { +{source => {upload => $_[0]{ids}{upload}}, rows => 1} }, refs => {'source.upload' => 'upload'},
		check => sub { is $_[0]{json}{data}{state}, 'READY', 'a preview is ready' }, bad => [[{}, 'source'], [{source => {}}, 'source.upload'], [{source => {upload => 'x'}, rows => -1}, 'rows']]},
	'GET /preview/{id}' => {id => 'preview', own => 1, right => 'pipeline.create+execution.write', check => sub { is scalar @{$_[0]{json}{data}{rows}}, 2, 'its rows' }},
	'DELETE /preview/{id}' => {id => 'preview', own => 1, right => 'pipeline.create+execution.write', check => \&no_text,
		fresh => sub { $_[0]{as}->post('/preview', {source => {upload => $_[0]{ids}{upload}}})->data(201)->{id} }},

	# ---- events
	'POST /webhook' => {right => 'users', shape => $webhook, body => sub { +{url => 'http://127.0.0.1:9/x', events => ['EXECUTION_FAILED'], secret => 'xyz', status => 'INACTIVE'} }, refs => {pipeline => 'pipeline'},
		bad => [[{events => ['EXECUTION_FAILED'], secret => 'xyz'}, 'url'], [{url => 'http://a.example/', events => ['NOTHING'], secret => 'x'}, qr/^events/], [{url => 7}, 'url'],
			[{url => 'file:///etc/passwd', events => ['EXECUTION_FAILED'], secret => 'x'}, 'url']]},
	'GET /webhook' => {right => 'users', list => 1, shape => $webhook, bad_query => $bad_list},
	'GET /webhook/{id}' => {id => 'webhook', right => 'users', shape => $webhook},
	'PUT /webhook/{id}' => {id => 'webhook', right => 'users', shape => $webhook, body => sub { +{description => 'changed'} }, refs => {pipeline => 'pipeline'}, bad => [[{status => 'ON'}, 'status']]},
	'DELETE /webhook/{id}' => {id => 'webhook', right => 'users', check => \&message_success,
		fresh => sub { $_[0]{as}->post('/webhook', {url => 'http://127.0.0.1:9/x', events => ['EXECUTION_FAILED'], secret => 'xyz', status => 'INACTIVE'})->data(201)->{id} }},
	'POST /webhook/{id}/test' => {id => 'webhook', right => 'users', any_body => 1, shape => {%delivery, payload => 'obj'}},
	'GET /outbox' => {right => 'users', list => 1, shape => \%delivery, bad_query => $bad_list},
	'GET /outbox/{id}' => {id => 'outbox', right => 'users', shape => {%delivery, payload => 'obj'}},
	'POST /outbox/{id}/replay' => {id => 'outbox', right => 'users', any_body => 1, shape => {%delivery, payload => 'obj'}},
	'GET /event' => {right => 'users', list => 1, shape => {id => 'uuid', kind => 'text', 'execution?' => 'uuid', 'pipeline?' => 'uuid', payload => 'obj', created_at => 'time'}, bad_query => $bad_list},
	'GET /event/stream' => {right => 'execution.read', stream => 1, bad_query => 'topics=weather'},

	# ---- who
	(map { $_ => {check => sub { is shape($_[0]{json}, {access_token => 'text'}), undef, "$_[0]{what}: nuvo's answer, without data" },
		body => sub { +{license_key => $_[0]{key}, auth => {identifier => $_[0]{identifier}, type => $_[0]{type}}} },
		bad => [[{}, 'license_key'], [{license_key => 'x'}, 'auth.identifier'], [{license_key => 'x', auth => {identifier => 'a'}}, 'auth.type'], [{license_key => 'x', auth => {identifier => 'a', type => 'ROLE'}}, 'auth.type'],
			[{license_key => 'x', auth => 7}, 'auth']]} } 'POST /access/token', 'POST /auth/access-token'),
	(map { $_ => {as_fresh => 1, check => \&message_success} } 'DELETE /access/token', 'DELETE /auth/access-token'),
	(map { $_ => {as_fresh => 1, any_body => 1, shape => {valid => 'bool', type => '=USER|SUB_ORG', identifier => 'text', expires_at => 'time'}} } 'POST /access/verify', 'POST /auth/verify'),
	'POST /access/session' => {body => sub { +{identifier => 'owner@acme.example', password => 'a long password'} }, shape => {access_token => 'text', expires_at => 'time'}, bad => [[{}, 'identifier'], [{identifier => 'x'}, 'password']]},
	'POST /token' => {right => 'organization.create', body => sub { +{label => 'key', scopes => ['tdm:read']} }, shape => {%token, token => 'text'}, bad => [[{scopes => ['tdm:raed']}, 'scopes[0]'], [{expires_at => '2001-01-01T00:00:00Z'}, 'expires_at']]},
	'GET /token' => {right => 'organization.read', list => 1, shape => \%token, bad_query => $bad_list},
	'DELETE /token/{id}' => {id => 'token', right => 'organization.delete', check => \&message_success, fresh => sub { $_[0]{as}->post('/token', {label => 'gone'})->data(201)->{id} }},
	'GET /me' => {shape => {id => 'uuid', type => '=USER|SUB_ORG', identifier => 'text', name => 'text', 'role?' => '=OWNER|MEMBER', %permissions, organization => {id => 'uuid', name => 'text'}, features => 'obj', limits => 'obj', version => 'text'}},
	'POST /user' => {right => 'users', shape => $user, body => sub { +{email => 'u' . ++$World::n . '@acme.example', first_name => 'A', last_name => 'B', role => 'MEMBER', permissions => {tdm => {remove => JSON::PP::false}}} },
		bad => [[{}, 'email'], [{email => 'x'}, 'email'], [{email => 'x@y.example', role => 'KING'}, 'role'], [{email => 'x@y.example', permissions => {tdm => {fly => JSON::PP::true}}}, 'permissions.tdm']]},
	'GET /user' => {right => 'users', list => 1, shape => $user, bad_query => $bad_list},
	'GET /user/{id}' => {id => 'user', right => 'users', shape => $user},
	'PUT /user/{id}' => {id => 'user', right => 'users', shape => $user, body => sub { +{position => 'clerk'} }, bad => [[{email => 'x'}, 'email']]},
	'DELETE /user/{id}' => {id => 'user', right => 'users', check => \&message_success, fresh => sub { $_[0]{as}->post('/user', {email => 'gone' . ++$World::n . '@acme.example'})->data(201)->{id} }},
	'POST /sub-organization' => {right => 'users', shape => $sub, body => sub { +{name => 'Sub', identifier => World::unique('sub')} }, bad => [[{}, 'name'], [{name => 'x'}, 'identifier']]},
	'GET /sub-organization' => {right => 'users', list => 1, shape => $sub, bad_query => $bad_list},
	'GET /sub-organization/{id}' => {id => 'sub_organization', right => 'users', shape => $sub},
	'PUT /sub-organization/{id}' => {id => 'sub_organization', right => 'users', shape => $sub, body => sub { +{permissions => {tdm => {create => JSON::PP::false}}} }, bad => [[{name => 1}, 'name']]},
	'DELETE /sub-organization/{id}' => {id => 'sub_organization', right => 'users', check => \&message_success,
		fresh => sub { $_[0]{as}->post('/sub-organization', {name => 'gone', identifier => World::unique('gone')})->data(201)->{id} }},

	# ---- the service
	(map { $_ => {raw => 1, right => 'users', check => text_is(qr/^# HELP nuvopipe_executions /)} } 'GET /metrics', 'GET ROOT/metrics'),
	(map { $_ => {raw => 1, check => sub { is $_[0]{json}{openapi}, '3.1.0', 'OpenAPI 3.1' }} } 'GET /openapi.json', 'GET ROOT/openapi.json'),
	(map { $_ => {check => sub { is $_[0]{text}, '{"data": {"message": "OK"}}', 'health' }} } 'GET /management/health', 'GET ROOT/management/health'),
);
1;
