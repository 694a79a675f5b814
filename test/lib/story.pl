# story.pl - what clients do with the API, from beginning to end (run by test/tap/82-story.t)
#
# The first part sends the requests of nuvo's guide with curl, as it prints them.  FTP_DIR is the
# home of a loopback FTP server, HTTP_DIR that of an HTTP server that records what it is sent.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_hex);
use File::Basename;
use Time::HiRes qw(time sleep);
use lib dirname(__FILE__);
use Api;
use World;
use Routes;

our %seen;		# words that real executions have shown, by kind
my $key = World::license_key('acme');
sql("SELECT nuvopipe.create_user('jane\@acme.example', organization => 'acme', first_name => 'Jane', last_name => 'Doe', role => 'OWNER')");
my $world = {name => 'story', key => $key};
my $url = "$ENV{NVP_URL}$BASE";
my $in = "$ENV{FTP_DIR}/root/pipe/in";
my $out = "$ENV{FTP_DIR}/root/pipe/out";

sub put_file { my ($name, $text) = @_; open my $f, '>', "$in/$name" or die "$in/$name: $!"; print $f $text; close $f; chown 20001, 20001, "$in/$name" }
sub file { my ($name) = @_; open my $f, '<', $name or return undef; local $/; return <$f> }

# a curl as nuvo prints it: status and JSON
sub curl
{
	my @command = ('curl', '-s', '-m', '30', '-w', "\n%{http_code}", @_);
	open my $pipe, '-|', @command or die "curl: $!";
	local $/;
	my $text = <$pipe>;
	close $pipe;
	$text =~ s/\n(\d+)$//;
	return ($1, decode($text), $text);
}

# remembers what an execution has shown
sub look
{
	my ($e) = @_;
	$seen{status}{$e->{status}} = $seen{trigger}{$e->{trigger_type}} = 1;
	$seen{actor}{$_->{type}} = 1 for @$e{qw(created_by updated_by)};
	$seen{error}{$e->{error}{type}} = 1 if $e->{error} && $e->{error}{type};
	$seen{type}{$_->{type}} = $seen{status}{$_->{status}} = 1 for @{$e->{logs}};
	my $fault = shape($e, $Routes::execution);
	$fault //= 'an error where it did not fail, or none where it did' if exists $e->{error} != ($e->{status} eq 'FAILED');
	# how often it is looked at is a matter of time
	is $fault, undef, "the shape of an execution that is $e->{state}" if $fault;
	return $e;
}
sub finished { my ($as, $id) = @_; look($as->get("/execution/$id")->data(200)); return look(World::finished($as, $id)) }

# ---- nuvo's guide, with curl as it is printed

my @json = ('-H', 'accept: application/json', '-H', 'Content-Type: application/json');
my $sample = file(dirname(__FILE__) . '/../data/sample_tdm.json');
my ($status, $j) = curl('-X', 'POST', "$url/auth/access-token", @json, '-d', qq({ "license_key": "$key", "auth": { "identifier": "jane\@acme.example", "type": "USER" } }));
is $status, 200, 'guide: an access token';
my $token = $j->{access_token};
is shape($j, {access_token => 'text'}), undef, 'guide: is all that is answered';
my @auth = ('-H', 'accept: application/json', '-H', "Authorization: $token");
my @send = (@auth, '-H', 'Content-Type: application/json');

my ($model, $text);
my $guide_tdm = q({"name": "Sample TDM", "columns": [
{"key": "company_id", "label": "Company ID", "columnType": "string", "validations": [{"validate": "unique"}, {"validate": "required"}]},
{"key": "company_name", "label": "Company name", "columnType": "string", "validations": [{"validate": "required_with", "columns": ["company_id"], "errorMessage": "Custom error message"}]},
{"key": "full_name", "label": "Full name", "columnType": "string", "validations": [{"validate": "required"}]},
{"key": "email_address", "label": "Email address", "columnType": "email", "validations": [{"validate": "required"}]},
{"key": "street", "label": "Street", "columnType": "string"},
{"key": "city", "label": "City", "columnType": "string", "validations": [{"validate": "required"}]},
{"key": "country", "label": "Country", "columnType": "string", "validations": [{"validate": "required"}]},
{"key": "total_costs", "label": "Total costs", "columnType": "float"},
{"key": "close_date", "label": "Close date", "columnType": "date", "outputFormat": "DD.MM.YYYY"}],
"permissions": {"level": "PUBLIC"}});
($status, $model, $text) = curl('-X', 'POST', "$url/tdm/", @send, '-d', $guide_tdm);
is $status, 201, 'guide: a target data model';
is shape($model->{data}, $Routes::tdm), undef, 'guide: is answered whole';
is encode($model->{data}{columns}), encode(decode($guide_tdm)->{columns}), 'guide: with its columns as they were sent';

sub guide_connector
{
	my ($name, $type, $host, $port, $place, $file, $advance, $trigger) = @_;
	return encode({name => $name, type => $type, node_type => 'FTP', configuration => {host => $host, port => "$port", username => $host =~ /example/ ? 'username' : 'pipe',
		password => $host =~ /example/ ? 'password' : 'secret-pw', protocol => 'FTP', advance_config => $advance, directory_path => $place, file_name => $file},
		trigger_type => $trigger, permissions => {level => 'PUBLIC'}});
}
my $nothing = {exclusion_tag => undef, inclusion_tag => undef, new_name => undef, after_process_option => undef};
my %made;
for (['FTP Input Connector', 'INPUT', '/input/example/', 'input.json', {inclusion_tag => ['Test']}, 'TIME_BASE'], ['FTP Output Connector', 'OUTPUT', '/output/example/', 'output.json', $nothing, 'EVENT_BASE'])
{
	my ($name, $type, @more) = @$_;
	my ($status, $j, $text) = curl('-X', 'POST', "$url/connector/", @send, '-d', guide_connector($name, $type, 'ftp.example.com', 1111, @more));
	is $status, 201, "guide: $name";
	is shape($j->{data}, $Routes::connector), undef, 'guide: is answered whole';
	is $j->{data}{configuration}{password}, '********', 'guide: its password is masked';
	is $j->{data}{configuration}{port}, '1111', 'guide: its port is the text it was';
	$made{$type} = $j->{data}{id};
}
($status, $j) = curl('-X', 'POST', "$url/pipeline-template/", @send, '-d', encode({name => 'Pipeline template', pipeline_name => 'Pipeline name', input_connectors => [$made{INPUT}], output_connectors => [$made{OUTPUT}],
	schedule_config => {frequency => 'HOURLY', interval => 6, starts_on => '2024-09-21T06:57:06.672Z', ends_on => '2024-09-30T06:57:06.672Z'}, error_config => {error_threshold => 32}}));
is $status, 201, 'guide: a template';
is shape($j->{data}, $Routes::template), undef, 'guide: is answered whole';
is $j->{data}{schedule_config}{starts_on}, '2024-09-21T06:57:06.672Z', 'guide: with its schedule';

# the same places, but where there is a server
my $jane = Api::caller_of('jane', $token);
my @inputs = map { {company_id => "c$_", company_name => "Company $_", full_name => "Person $_", email_address => "p$_\@c.example", street => '', city => 'Ulm', country => 'DE',
	total_costs => "1$_.50", close_date => "2024-02-0$_"} } 1 .. 3;
put_file('Test input.json', encode(\@inputs));
for (['story input', 'INPUT', '/in/', 'Test input.json', {inclusion_tag => ['Test']}, 'TIME_BASE'], ['story output', 'OUTPUT', '/out/', 'output.json', $nothing, 'EVENT_BASE'])
{
	my ($name, $type, @more) = @$_;
	my ($status, $j) = curl('-X', 'POST', "$url/connector/", @send, '-d', guide_connector($name, $type, '127.0.0.1', $ENV{FTP_PORT}, @more));
	is $status, 201, $name;
	$made{$type} = $j->{data}{id};
}
my $pipeline = $jane->post('/pipeline/', {name => 'Pipeline name', configuration => {input_connectors => [$made{INPUT}], output_connectors => [$made{OUTPUT}], tdm => $model->{data}{id},
	error_config => {error_threshold => 32}}})->data(201);
($status, $j) = curl('-X', 'POST', "$url/execution/", @send, '-d', qq({ "pipeline_id": "$pipeline->{id}" }));
is $status, 201, 'guide: an execution';
is shape($j, {data => $Routes::started}), undef, 'guide: as nuvo answers it';
is "$j->{data}[0]{status} $j->{data}[0]{trigger_type} $j->{data}[0]{pipeline}", "PROCESSING MANUAL $pipeline->{id}", 'guide: it is processing, by hand, of the pipeline';
my $id = $j->{data}[0]{id};
# a client that waits for changes: an answer whenever it is another one
my ($tag, %tags, $e) = ('"none"');
for (my $until = time + 60; time < $until && (!$e || $e->{status} eq 'PROCESSING');)
{
	my $a = $jane->get("/execution/$id?wait=5", headers => {'If-None-Match' => $tag});
	next if $a->{status} == 304;
	$a->{headers}{etag} ne $tag or isnt $a->{headers}{etag}, $tag, 'wait= tells of a change';
	$tag = $a->{headers}{etag};
	$e = look($a->data(200));
}
is $e->{status}, 'SUCCESSFUL', 'guide: it becomes successful';
is $jane->get("/execution/$id", headers => {'If-None-Match' => $tag})->{status}, 304, 'and changes no more';
is encode($e->{logs}[0]{data}), '{"total_cells":27,"total_error_cells":0,"total_error_rows":0,"total_rows":3}', 'its counts';
my $written = decode(file("$out/output.json"));
is scalar @{$written // []}, 3, 'its output is on the server';
is encode($written->[0]), '{"city":"Ulm","close_date":"01.02.2024","company_id":"c1","company_name":"Company 1","country":"DE","email_address":"p1@c.example","full_name":"Person 1","street":null,"total_costs":11.5}',
	'in the form of the model';
($status, $j) = curl('-X', 'GET', "$url/pipeline/?sort=%7B%7D&filters=%7B%7D&options=%7B%7D&pagination=%7B%7D", @auth);
is $status, 200, 'guide: all pipelines';
is shape($j, {data => [$Routes::pipeline], pagination => $Api::pagination}), undef, 'guide: as nuvo answers lists';
($status, $j) = curl('-X', 'GET', "$url/execution/$id", @auth);
is "$status $j->{data}{id}", "200 $id", 'guide: an execution';
($status, $j) = curl('-X', 'GET', "$url/execution/66dff0b1fbcf5a2f63857foo", @auth);
is $status, 404, 'guide: the id that it prints';
($status, $j) = curl('-X', 'GET', "$url/execution", @auth);
is shape($j, {data => [$Routes::listed], pagination => $Api::pagination}), undef, 'guide: all executions';
for (['Bearer', 'Authorization', "Bearer $token"], ['nuvo\'s header', 'access_token', $token], ['an API key\'s header', 'X-Api-Key', $jane->post('/token', {})->data(201)->{token}])
{
	is((curl("$url/me", '-H', "$_->[1]: $_->[2]"))[0], 200, "a token as $_->[0]");
}
is((curl('-X', 'POST', "$url/access/token", '-d', "license_key=$key&auth[identifier]=jane\@acme.example&auth[type]=USER"))[0], 200, 'a form is taken as well');

# ---- several files: an execution each

put_file("many-$_.csv", "id,name\n$_,n$_\n") for 1 .. 3;
my %part = (tdm => $jane->post('/tdm', {name => 'ids', columns => World::columns()})->data(201)->{id});
sub connector { my ($name, $type, %c) = @_; return $jane->post('/connector', {name => $name, type => $type, node_type => 'FTP', configuration => World::ftp_configuration(%c ? delete $c{place} : '', %c)})->data(201)->{id} }
sub pipe_of { my ($name, $input, $output, %more) = @_; return $jane->post('/pipeline', {name => $name, configuration => {input_connectors => [$input], output_connectors => [$output], tdm => $part{tdm}, %more}})->data(201)->{id} }
my $manual = $jane->post('/connector', {name => 'manual', type => 'INPUT', node_type => 'MANUAL', configuration => {}})->data(201)->{id};
my $output = connector('ids out', 'OUTPUT', place => 'out', file_name => 'ids.csv');
my $many = pipe_of('many', connector('many in', 'INPUT', place => 'in', advance_config => {inclusion_tag => ['many-']}), $output);
my $started = $jane->post('/execution', {pipeline_id => $many})->data(201);
is scalar @$started, 3, 'three files: three executions in one answer';
is join(' ', map { finished($jane, $_->{id})->{status} } @$started), 'SUCCESSFUL SUCCESSFUL SUCCESSFUL', 'all of them run';
is join(' ', sort map { $_->{input}{file_name} } map { $jane->get("/execution/$_->{id}")->data(200) } @$started), 'many-1.csv many-2.csv many-3.csv', 'each with its file';
my $again = $jane->post('/execution', {pipeline_id => $many})->data(201);
$e = finished($jane, $again->[0]{id});
is scalar(@$again) . " $e->{status} $e->{error}{type}", '1 FAILED SOURCE_DATA_EMPTY', 'nothing new: one execution that says so';

# ---- an upload in two pieces

my $by_hand = pipe_of('by hand', $manual, $output, error_config => {error_threshold => 100}, options => {keep_input => 'always', on_error => 'skip_rows', max_attempts => 1});
my $bytes = join '', "id,name\n", map { ($_ % 3 ? $_ : "x$_") . ",name $_\n" } 1 .. 180;
my %tus = ('Tus-Resumable' => '1.0.0');
my $a = $jane->call('POST', '/upload/', headers => {%tus, 'Upload-Length' => length $bytes, 'Upload-Metadata' => 'filename dXAgw7xwLmNzdg==,filetype dGV4dC9jc3Y='});
my $up = $a->data(201);
is $a->{headers}{location}, "$BASE/upload/$up->{id}", 'an upload has its place';
sub patch { my ($offset, $piece, %more) = @_; return $jane->call('PATCH', "/upload/$up->{id}", content => $piece, headers => {%tus, 'Content-Type' => 'application/offset+octet-stream', 'Upload-Offset' => $offset, %more}) }
$a = patch(0, substr $bytes, 0, 1000);
is "$a->{status} $a->{headers}{'upload-offset'}", '204 1000', 'the first piece';
$a = $jane->call('HEAD', "/upload/$up->{id}", headers => {%tus});
is "$a->{status} $a->{headers}{'upload-offset'} $a->{headers}{'upload-length'}", '200 1000 ' . length $bytes, 'how far it is';
$a = patch(0, 'x');
is $a->{status}, 409, 'the wrong place';
like $a->{json}{message}, qr/1000/, 'it says the right one';
is $jane->post('/execution', {pipeline_id => $by_hand, input => {upload => $up->{id}}})->{status}, 409, 'half an upload starts nothing';
is patch(1000, $bytes)->{status}, 413, 'more than was announced';
is patch(1000, substr($bytes, 1000), 'Tus-Resumable' => '0.9.0')->{status}, 412, 'another version of tus';
$a = patch(1000, substr $bytes, 1000);
is "$a->{status} $a->{headers}{'upload-offset'}", '204 ' . length $bytes, 'the second piece';
$up = $jane->get("/upload/$up->{id}")->data(200);
is "$up->{state} $up->{sha256}", 'COMPLETE ' . Digest::SHA::sha256_hex($bytes), 'it is whole';
$started = $jane->post('/execution', {pipeline_id => $by_hand, input => {upload => $up->{id}}})->data(201);
$e = finished($jane, $started->[0]{id});
is "$e->{status} $e->{trigger_type} $e->{accounting}{written}/$e->{accounting}{rejected}", 'SUCCESSFUL MANUAL 120/60', 'it is run';

# ---- issues, rows, downloads

my ($ex, @found) = "/execution/$e->{id}";
for (my $next = ''; ; )
{
	my $page = $jane->get("$ex/issue?pagination=" . encode({limit => 25, $next ? (after => $next) : ()}));
	push @found, map { $_->{row_no} } @{$page->data(200)};
	is $page->{json}{pagination}{total}, 60, 'total of issues';
	$next = $page->{json}{pagination}{next} or last;
}
is join(' ', @found), join(' ', map { 3 * $_ } 1 .. 60), 'issues page by page: each once, in order';
is join(' ', map { $_->{row_no} } @{$jane->get("$ex/issue?pagination[page]=3&pagination[pageSize]=20")->data(200)}), join(' ', map { 3 * $_ } 41 .. 60), 'in the other syntax';
is $jane->get("$ex/issue?filters={\"column_key\":\"name\"}")->{json}{pagination}{total}, 0, 'filtered';
is $jane->get("$ex/issue?filters[value][\$in][0]=x3&filters[value][\$in][1]=x6&sort[0]=row_no:desc")->{json}{data}[0]{row_no}, 6, 'and sorted';
my $sum = $jane->get("$ex/issue/summary")->data(200);
is "$sum->{cells} $sum->{rows} $sum->{columns}[0]{codes}[0]{code} $sum->{columns}[0]{codes}[0]{cells}", '60 60 invalid_int 60', 'their summary';
my ($rows, $after) = (0, '');
do { my $page = $jane->get("$ex/row?only=REJECTED&pagination=" . encode({limit => 50, $after ? (after => $after) : ()})); $rows += @{$page->data(200)}; $after = $page->{json}{pagination}{next} } while $after;
is $rows, 60, 'rejected rows page by page';
is $jane->get("$ex/input")->{text}, $bytes, 'the input comes back as it was';
is $jane->get("$ex/output")->{text}, file("$out/ids.csv"), 'the output as it was written';
is scalar(split /\n/, $jane->get("$ex/errors?kind=issues&format=csv")->{text}), 61, 'issues as CSV';
is scalar @{decode($jane->get("$ex/errors?kind=rejected&format=json")->{text})}, 60, 'rejected rows as JSON';
my $link = $jane->post("$ex/download", {kind => 'INPUT'})->data(201);
my $guest = Api::caller_of('guest', undef);
$a = $guest->get($link->{url});
is $a->{text}, $bytes, 'a link gives it without a token';
like $a->{headers}{'content-disposition'}, qr/^attachment; filename="/, 'under a name';
is $guest->get($link->{url})->{status}, 404, 'once';

# ---- events sent to us

my $event = $jane->post('/connector', {name => 'events', type => 'INPUT', node_type => 'HTTP', trigger_type => 'EVENT_BASE', configuration => {}})->data(201);
like $event->{receiver_url}, qr{^$BASE/receive/[\w-]{40,}$}, 'an address to send to';
my $by_event = pipe_of('by event', $event->{id}, $output);
$a = $guest->call('POST', "$event->{receiver_url}?file_name=event.csv", content => "id,name\n1,event\n", headers => {'Content-Type' => 'text/csv'});
is $a->{status}, 202, 'data is sent';
is shape($a->{json}, {data => $Routes::started}), undef, 'and answered as a start';
$e = finished($jane, $a->{json}{data}[0]{id});
is "$e->{status} $e->{trigger_type} $e->{created_by}{identifier}", 'SUCCESSFUL EVENT jane@acme.example', 'it runs, in the name of who made the pipeline';
my $old = $event->{receiver_url};
my $new = $jane->post("/connector/$event->{id}/receiver")->data(201)->{receiver_url};
is $guest->call('POST', $old, content => 'x')->{status} . $guest->call('POST', "$new?file_name=b.csv", content => "id,name\n2,b\n")->{status}, '404202', 'a new address ends the old one';
is $jane->get("/connector/$event->{id}")->data(200)->{receiver_url}, undef, 'it is shown once';

# ---- again and again: Idempotency-Key

my %keyed = (headers => {'Idempotency-Key' => 'order-1'});
my @twice = map { $jane->post('/execution', {pipeline_id => $by_hand, input => {upload => $up->{id}}, force => JSON::PP::true}, %keyed) } 1, 2;
is "$twice[0]{status} $twice[0]{text}", "$twice[1]{status} $twice[1]{text}", 'the same key: the same answer';
is $twice[1]{headers}{'idempotency-replayed'}, 'true', 'which says that it is one';
is $jane->post('/execution', {pipeline_id => $many}, %keyed)->{status}, 422, 'the same key for something else';
finished($jane, $twice[0]{json}{data}[0]{id});
$a = $jane->post('/upload', {size => 3}, headers => {'Idempotency-Key' => 'upload-1'});
my $b = $jane->post('/upload', {size => 3}, headers => {'Idempotency-Key' => 'upload-1'});
is $b->{headers}{location}, $a->{headers}{location}, 'headers are repeated too';

$a = $jane->post('/connector', {name => 'keyed', type => 'INPUT', node_type => 'HTTP', trigger_type => 'EVENT_BASE', configuration => {}}, headers => {'Idempotency-Key' => 'secret-1'});
my ($secret) = $a->data(201)->{receiver_url} =~ m{([^/]+)$};
$b = $jane->post('/connector', {name => 'keyed', type => 'INPUT', node_type => 'HTTP', trigger_type => 'EVENT_BASE', configuration => {}}, headers => {'Idempotency-Key' => 'secret-1'});
is $b->data(201)->{id} . ($b->{json}{data}{receiver_url} // ''), $a->{json}{data}{id}, 'but a secret is shown once';
my $kept = qx("$ENV{PGBIN}/pg_dump" --data-only postgres 2>&1);
ok($kept =~ /secret-1/ && index($kept, $secret) < 0, 'nor does a dump have it');

# ---- two who change one thing: If-Match

my $of = $jane->get("/tdm/$part{tdm}");
my $first = $jane->put("/tdm/$part{tdm}", {description => 'one'}, headers => {'If-Match' => $of->{headers}{etag}});
is $first->{status}, 200, 'the first change';
my $late = $jane->put("/tdm/$part{tdm}", {description => 'two'}, headers => {'If-Match' => $of->{headers}{etag}});
is "$late->{status} $late->{json}{error}", '412 precondition_failed', 'the second comes too late';
is encode($late->{json}{details}[0]{current}{data} // $late->{json}{details}[0]{current}), encode($jane->get("/tdm/$part{tdm}")->data(200)), 'and is told how it is now';
is $jane->del("/tdm/$part{tdm}", headers => {'If-Match' => '"other"'})->{status}, 412, 'also for DELETE';
is $jane->put("/tdm/$part{tdm}", {description => 'three'}, headers => {'If-Match' => $jane->get("/tdm/$part{tdm}")->{headers}{etag}})->{status}, 200, 'with the new tag it is done';

# ---- a stream of what happens; a webhook, signed; cancelled in the middle

my $hook = $jane->post('/webhook', {url => "http://127.0.0.1:$ENV{HTTP_PORT}/post/story", events => [qw(EXECUTION_CREATED EXECUTION_SUCCESSFUL EXECUTION_FAILED EXECUTION_CANCELED)], secret => 'hook-key'})->data(201);
is $hook->{secret}, undef, 'a webhook does not show its secret';
my $stream = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $ENV{NVP_URL} =~ /:(\d+)/) or die;
print $stream "GET $BASE/event/stream?topics=execution HTTP/1.1\r\nHost: x\r\nAuthorization: $token\r\n\r\n";
$stream->flush;
my $frames = '';
sub hear { my $set = ''; vec($set, fileno $stream, 1) = 1; sysread $stream, $frames, 65536, length $frames if select $set, undef, undef, 0.05; return $frames }
wait_for('the stream', sub { hear() =~ /event-stream/i });
put_file('slow.csv', join '', "id,name\n", map { "$_,a name that is rather long, to take its time\n" } 1 .. 4000);
my $slow = pipe_of('slow', connector('slow in', 'INPUT', place => 'in', file_name => 'slow.csv', username => 'slow'), $output, options => {max_attempts => 1});
my $run = $jane->post('/execution', {pipeline_id => $slow})->data(201)->[0]{id};
wait_for('a run that takes its time', sub { look($jane->get("/execution/$run")->data(200))->{state} eq 'RUNNING' });
$e = $jane->get("/execution/$run")->data(200);
is "$e->{status} $e->{can}{cancel}", 'PROCESSING 1', 'it runs and can be cancelled';
is $jane->post("/execution/$run/cancel")->{status}, 202, 'it is cancelled';
$e = finished($jane, $run);
is "$e->{status} $e->{state}", 'FAILED CANCELED', 'it ends';
is $e->{error}{type}, undef, 'and nothing was wrong with it';
is $jane->post("/execution/$run/cancel")->{status}, 409, 'once';
my $good = $jane->post('/execution', {pipeline_id => $by_hand, input => {upload => World::upload($jane, 'more.csv', "id,name\n9,nine\n")}})->data(201)->[0]{id};
finished($jane, $good);
ok(wait_for('frames', sub { my $f = hear(); my %s; $s{$2} = 1 while $f =~ /event: execution\.status\ndata: \{[^\n]*"id": "([^"]+)"[^\n]*"state": "(\w+)"/g; $s{CANCELED} && $s{SUCCEEDED} && $s{RUNNING} && $s{QUEUED} }), 'the stream told of every state')
	or diag($frames);
my @states = $frames =~ /event: execution\.status\ndata: \{[^\n]*?"$good"[^\n]*/g;
is join(' ', map { /"state": "(\w+)"/ } @states), 'QUEUED RUNNING SUCCEEDED', 'in order';
close $stream;
my %told;
ok(wait_for('deliveries', sub {
	for my $head (glob "$ENV{HTTP_DIR}/posts/*.head")
	{
		my ($h, $body) = (file($head), file($head =~ s/head$/body/r));
		next if !defined $body || $h !~ m{^POST /post/story };
		my ($stamp) = $h =~ /^x-nuvopipe-timestamp: (\d+)/im;
		my ($signature) = $h =~ /^x-nuvopipe-signature: sha256=([0-9a-f]+)/im;
		my $d = decode($body) // next;
		$told{"$d->{event} $d->{data}{id}"} = $signature eq hmac_sha256_hex("$stamp.$body", 'hook-key') ? 'signed' : 'not signed';
	}
	$told{"EXECUTION_SUCCESSFUL $good"} && $told{"EXECUTION_CANCELED $run"} }), 'the webhook was told');
is $told{"EXECUTION_$_"}, 'signed', "EXECUTION_$_" for "CREATED $run", "CANCELED $run", "CREATED $good", "SUCCESSFUL $good";
is $jane->get("/outbox?filters={\"status\":\"DELIVERED\"}")->{json}{pagination}{total}, 4, 'and the outbox knows';

# ---- a customer; and what can go wrong

$jane->post('/sub-organization', {name => 'Customer', identifier => 'customer'})->data(201);
my $sub = World::sign_in($world, 'customer', 'SUB_ORG');
my $subs = $sub->post('/pipeline', {name => 'of a customer', configuration => {input_connectors => [$made{INPUT}], output_connectors => [$made{OUTPUT}], tdm => $model->{data}{id}}})->data(201);
$e = finished($sub, $sub->post('/execution', {pipeline_id => $subs->{id}})->data(201)->[0]{id});
is "$e->{status} $e->{created_by}{type} $e->{created_by}{identifier}", 'SUCCESSFUL SUB_ORG customer', 'a customer runs a pipeline of PUBLIC parts';

sub try_error
{
	my ($type, $input, $output, $text, %more) = @_;
	my $name = "fails with $type";
	my $p = pipe_of($name, $input, $output, options => {max_attempts => 1, on_error => 'skip_rows', keep_input => 'always'}, %more);
	my $a = $jane->post('/execution', {pipeline_id => $p, defined $text ? (input => {upload => World::upload($jane, $more{file} // 'data.csv', $text)}) : ()});
	my $e = finished($jane, $a->data(201)->[0]{id});
	is "$e->{status} " . ($e->{error}{type} // ''), "FAILED $type", $name or diag(encode($e));
}
try_error('SOURCE_UNRESPONSIVE', connector('nobody there', 'INPUT', place => 'in', file_name => 'a.csv', port => 9), $output);
try_error('SOURCE_DATA_EMPTY', $manual, $output, '');
try_error('PARSING_FAILURE', $manual, $output, "[{\"id\": 1}, {\"id\": \n", error_config => {error_threshold => 100});
try_error('DESTINATION_UNRESPONSIVE', $manual, connector('nobody there either', 'OUTPUT', place => 'out', file_name => 'a.csv', port => 9), "id,name\n1,a\n");
try_error('WRITE_FILE_FAILURE', $manual, connector('read only', 'OUTPUT', place => 'readonly', file_name => 'a.csv'), "id,name\n1,a\n");
try_error('DESTINATION_SIZE_LIMIT', $manual, connector('full', 'OUTPUT', place => '', file_name => 'a.csv', username => 'quota'), join('', "id,name\n", map { "$_," . 'x' x 1000 . "\n" } 1 .. 1500));
try_error('ERROR_THRESHOLD_EXCEEDED', $manual, $output, "id,name\nx,a\n", error_config => {error_threshold => 10});

my %wanted = (status => 'FAILED PROCESSING SUCCESSFUL', trigger => 'EVENT MANUAL', actor => 'SUB_ORG USER', type => 'CREATE',
	error => 'DESTINATION_SIZE_LIMIT DESTINATION_UNRESPONSIVE ERROR_THRESHOLD_EXCEEDED PARSING_FAILURE SOURCE_DATA_EMPTY SOURCE_UNRESPONSIVE WRITE_FILE_FAILURE');
is join(' ', sort keys %{$seen{$_}}), $wanted{$_}, "real runs have shown every $_" for sort keys %wanted;
note("$Api::requests requests");
Api::server_log_is_clean();
done;
