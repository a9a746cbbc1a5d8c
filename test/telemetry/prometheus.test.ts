import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { readDcgmPage } from '../../src/telemetry/dcgm-page.ts';
import { parsePrometheus } from '../../src/telemetry/prometheus.ts';
import { readTgiPage } from '../../src/telemetry/tgi-page.ts';

const all = () => true;

describe('a page in Prometheus’ text form', () => {
  it('has names, labels and values, whatever stands between them', () => {
    const page = [
      '# HELP a Something.',
      '# TYPE a counter',
      'a 1',
      'a_total{} 2 1712345678901',
      'b{x="1",y="two, \\"three\\" and \\\\ \\n",} 3.5e-3',
      'b{ x = "}" } +Inf',
      'c{x="1"}\t-4',
      'd NaN',
      '',
      'a:rate5m .5\r',
    ].join('\n');
    expect(parsePrometheus(page, all)).toEqual([
      { name: 'a', labels: {}, value: 1 },
      { name: 'a_total', labels: {}, value: 2 },
      { name: 'b', labels: { x: '1', y: 'two, "three" and \\ \n' }, value: 0.0035 },
      { name: 'b', labels: { x: '}' }, value: Number.POSITIVE_INFINITY },
      { name: 'c', labels: { x: '1' }, value: -4 },
      { name: 'd', labels: {}, value: Number.NaN },
      { name: 'a:rate5m', labels: {}, value: 0.5 },
    ]);
  });

  it('keeps both label sets of one histogram apart, sums and counts included', () => {
    const lines = ['prefill', 'decode'].flatMap(method => [
      `t_bucket{method="${method}",le="0.1"} 1`,
      `t_bucket{method="${method}",le="+Inf"} 2`,
      `t_sum{method="${method}"} 0.25`,
      `t_count{method="${method}"} 2`,
    ]);
    expect(parsePrometheus(lines.join('\n'), all)).toHaveLength(8);
    expect(parsePrometheus(lines.join('\n'), name => name === 't_sum')).toEqual([
      { name: 't_sum', labels: { method: 'prefill' }, value: 0.25 },
      { name: 't_sum', labels: { method: 'decode' }, value: 0.25 },
    ]);
  });

  it('is none where it is HTML or JSON, and nothing is read into what cannot be read', () => {
    expect(parsePrometheus('<!doctype html>\n<html><body>\nNot found\n</body></html>', all)).toBeUndefined();
    expect(parsePrometheus('{"detail": "Not Found"}', all)).toBeUndefined();
    expect(parsePrometheus('a 1\nb{x="1" 2\nc{x=1} 3\nd 0x10\ne 1e5x\nf\n9g 1\n', all)).toEqual([
      { name: 'a', labels: {}, value: 1 },
    ]);
  });

  it('never throws, wherever it is cut or garbled', () => {
    const page = 'a{x="1",y="a\\"b"} 1.5\n# c\nb_sum 2\n'.repeat(20);
    const random = seededRandom(1);
    for (let i = 0; i < 500; i++) {
      const at = random.integer(0, page.length);
      const garbled =
        page.slice(0, at) + String.fromCharCode(random.integer(0, 300)) + page.slice(at + random.integer(0, 9));
      expect(() => parsePrometheus(garbled, all)).not.toThrow();
    }
  });
});

describe('TGI’s page', () => {
  const page = [
    'tgi_queue_size 3',
    'tgi_batch_current_size 17',
    'tgi_batch_current_max_tokens 9000',
    'tgi_request_count 40',
    'tgi_request_success 30',
    'tgi_request_failure{err="overloaded"} 7',
    'tgi_request_failure{err="validation"} 2',
    'tgi_request_queue_duration_bucket{le="+Inf"} 30',
    'tgi_request_queue_duration_sum 1.5',
    'tgi_request_queue_duration_count 30',
    'tgi_request_inference_duration_sum{model="a"} 40',
    'tgi_request_inference_duration_count{model="a"} 20',
    'tgi_request_inference_duration_sum{model="b"} 20',
    'tgi_request_inference_duration_count{model="b"} 10',
    'process_cpu_seconds 4',
  ].join('\n');

  it('gives what it says in ms, over all label sets, and leaves out what it does not say', () => {
    expect(readTgiPage(page)).toEqual({
      queueSize: 3,
      batchSize: 17,
      batchMaxTokens: 9000,
      requests: 40,
      successes: 30,
      failures: { overloaded: 7, validation: 2 },
      queueMs: { sum: 1500, count: 30 },
      inferenceMs: { sum: 60_000, count: 30 },
    });
  });

  it('is read as well with _total behind its counters, and empty before its first use', () => {
    expect(readTgiPage('tgi_request_success_total 3\ntgi_queue_size NaN')).toEqual({ successes: 3 });
    expect(readTgiPage('')).toEqual({});
  });

  it('is not that of another server', () => {
    expect(readTgiPage('vllm:num_requests_running 3')).toBeUndefined();
    expect(readTgiPage('<html>')).toBeUndefined();
  });
});

describe('the page of a DCGM exporter', () => {
  const labels = (gpu: number, more = '') =>
    `{gpu="${gpu}",UUID="GPU-${gpu}",pci_bus_id="00000000:0${gpu}:00.0",device="nvidia${gpu}",modelName="NVIDIA A100-SXM4-80GB",Hostname="h"${more}}`;

  it('gives each GPU with its counters and ratios', () => {
    const page = [
      '# TYPE DCGM_FI_DEV_GPU_UTIL gauge',
      `DCGM_FI_DEV_GPU_UTIL${labels(0)} 97`,
      `DCGM_FI_DEV_GPU_UTIL${labels(1)} 0`,
      `DCGM_FI_DEV_POWER_USAGE${labels(0)} 312.5`,
      `DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION${labels(0)} 5000000`,
      `DCGM_FI_DEV_FB_USED${labels(0)} 70000`,
      `DCGM_FI_DEV_SM_CLOCK${labels(0)} 1410`,
      `DCGM_FI_DEV_GPU_TEMP${labels(0)} 61`,
      `DCGM_FI_PROF_SM_ACTIVE${labels(0)} 0.42`,
      `DCGM_FI_PROF_DRAM_ACTIVE${labels(0)} 9223372036854775794`,
      `DCGM_FI_DEV_MEM_COPY_UTIL${labels(1)} 2147483632`,
      `DCGM_FI_PROF_PIPE_TENSOR_ACTIVE${labels(0, ',GPU_I_ID="3"')} 0.9`,
    ].join('\n');
    const device = (index: number) => ({
      index,
      uuid: `GPU-${index}`,
      busId: `00000000:0${index}:00.0`,
      name: 'NVIDIA A100-SXM4-80GB',
    });
    expect(readDcgmPage(page)).toEqual([
      {
        device: device(0),
        utilisationRatio: 0.97,
        powerWatts: 312.5,
        energyCounterJoules: 5000,
        memoryUsedBytes: 70_000 * 2 ** 20,
        smClockMHz: 1410,
        temperatureCelsius: 61,
        smActiveRatio: 0.42,
      },
      { device: device(1), utilisationRatio: 0 },
    ]);
    expect(readDcgmPage(page, 'h2')?.[0]?.device.host).toBe('h2');
  });

  it('is none where nothing of DCGM stands in it', () => {
    expect(readDcgmPage('node_load1 0.5')).toBeUndefined();
    expect(readDcgmPage('<html>')).toBeUndefined();
  });
});
