#:project ../src/Model/MiniGpt.Model.csproj
// An operator with its gradient, checked against central differences, and a layer made of it: dotnet run -c Release samples/own-operator.cs
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;

GradCheckResult check = GradCheck.Run((_, inputs) => inputs[0].SquaredRelu(), [Tensor<double>.From([-1, 0.5, 2], [3])]);
Console.WriteLine($"gradient of the squared ReLU: {(check.Passed ? "right" : "WRONG")}, largest error {check.Error:E1}");

// y = sin(x) learned by a network with this activation, from 64 points.
ParameterSet<double> parameters = new();
Linear<double> first = new(parameters, "first", 1, 32, Initialization.Normal(1));
Linear<double> second = new(parameters, "second", 32, 1, Initialization.Normal(0.1));
parameters.Initialize(seed: 1);
AdamW<double> optimizer = new(parameters, new AdamWOptions(Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, WeightDecay: 0));
double[] x = [.. Enumerable.Range(0, 64).Select(i => (i - 32) / 10.0)];
using Tape<double> tape = new();
for (int step = 0; step <= 1000; step++)
{
    tape.Reset();
    parameters.ClearGradients();
    Variable<double> output = second.Forward(first.Forward(tape.Constant(tape.Copy<double>(x, [64, 1]))).SquaredRelu());
    Variable<double> error = output - tape.Constant(tape.Copy<double>([.. x.Select(Math.Sin)], [64, 1]));
    Variable<double> loss = (error * error).Mean();
    tape.Backward(loss);
    optimizer.Update(learningRate: 0.01);
    if (step % 250 == 0)
        Console.WriteLine($"step {step}: mean squared error {loss.Value.Span[0]:F5}");
}

internal static class SquaredReluOperator
{
    /// <summary>max(0, x)², element by element.</summary>
    public static Variable<double> SquaredRelu(this Variable<double> x)
    {
        Variable<double> y = Tape<double>.Of(x).Result(x.Shape, x.RequiresGradient);
        for (int i = 0; i < x.Value.Span.Length; i++)
            y.Value.Span[i] = Math.Pow(Math.Max(0, x.Value.Span[i]), 2);
        if (y.RequiresGradient)
            Tape<double>.Of(x).Record<SquaredReluNode>(y).X = x;
        return y;
    }

    private sealed class SquaredReluNode : Node<double>
    {
        public Variable<double> X = null!;

        protected override void Backward()
        {
            Tensor<double> target = X.GradientTarget(out bool accumulate);
            for (int i = 0; i < target.Span.Length; i++)
                target.Span[i] = (accumulate ? target.Span[i] : 0) + 2 * Math.Max(0, X.Value.Span[i]) * Output.Gradient.Span[i];
        }
    }
}
