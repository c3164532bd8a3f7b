#:project ../src/Model/MiniGpt.Model.csproj
// A task and an optimizer of one's own, trained by one call: dotnet run -c Release samples/own-task.cs
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;

using Parity task = new();
LearningRateSchedule rates = new(ScheduleKind.Linear, Peak: 0.003, Minimum: 0, WarmupSteps: 20, Steps: 500);
TrainingSummary summary = await TrainingRun.RunAsync(task, new Lion(task.Parameters), rates);
Console.WriteLine($"{summary.Step} steps in {summary.Seconds:F1} s: {task.Right()} of 256 right");

/// <summary>Whether the number of ones among eight bits is odd: what no single layer can say.</summary>
internal sealed class Parity : ILearningTask<float>
{
    private readonly Linear<float> _hidden, _output;
    private readonly float[] _bits = [.. from number in Enumerable.Range(0, 256) from bit in Enumerable.Range(0, 8) select (number >> bit) % 2 * 2f - 1];
    private readonly int[] _odd = [.. Enumerable.Range(0, 256).Select(number => int.PopCount(number) % 2)];

    public Parity()
    {
        (_hidden, _output) = (new(Parameters, "hidden", 8, 64, Initialization.Normal(0.5)), new(Parameters, "output", 64, 2, Initialization.Normal(0.1)));
        Parameters.Initialize(seed: 1);
    }

    public ParameterSet<float> Parameters { get; } = new();
    public long TokensOfStep => 256;
    public Variable<float> Loss(Tape<float> tape, int step, int microBatch) => Logits(tape).CrossEntropy(Tensor<int>.From(_odd, [256]));
    public void Dispose() => GC.SuppressFinalize(this);

    public int Right()
    {
        using Tape<float> tape = new(records: false);
        float[] logits = Logits(tape).Value.Span.ToArray();
        return Enumerable.Range(0, 256).Count(number => logits[2 * number + 1] > logits[2 * number] == (_odd[number] == 1));
    }

    private Variable<float> Logits(Tape<float> tape) => _output.Forward(_hidden.Forward(tape.Constant(tape.Copy<float>(_bits, [256, 8]))).Tanh());
}

/// <summary>Lion (Chen et al. 2023): each weight goes one learning rate against the sign of its gradient's running mean.</summary>
internal sealed class Lion(ParameterSet<float> parameters) : Optimizer<float>(parameters)
{
    private readonly float[] _mean = new float[parameters.Values.Span.Length];
    public override IReadOnlyList<OptimizerState<float>> State => []; // what a checkpoint would keep

    protected override void Apply(double learningRate, double gradientScale)
    {
        for (int i = 0; i < Parameters.Gradients.Span.Length; i++)
        {
            float gradient = Parameters.Gradients.Span[i] * (float)gradientScale;
            Parameters.Values.Span[i] -= (float)learningRate * Math.Sign(0.9f * _mean[i] + 0.1f * gradient);
            _mean[i] = 0.99f * _mean[i] + 0.01f * gradient;
        }
    }
}
