#:project ../src/Model/MiniGpt.Model.csproj
// A walk from a tensor to a trained layer, a step at a time, to be changed and run again: dotnet run -c Release samples/walk.cs
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;

// 1. A tensor is numbers with a shape.
Tensor<float> numbers = Tensor<float>.From([1, 2, 3, 4, 5, 6], [2, 3]);
Show("a tensor", $"{numbers.Shape}: {string.Join(' ', numbers.Span.ToArray())}");

// 2. A variable remembers what was done to it, so that gradients can flow back.
using Tape<float> tape = new();
Variable<float> x = tape.Leaf(numbers);
Variable<float> y = (x * x).Sum();
tape.Backward(y);
Show("the sum of squares", $"{y.Value.Span[0]}");
Show("its gradient, 2x", string.Join(' ', x.Gradient.Span.ToArray()));

// 3. A tokenizer turns text to numbers and back.
BytePairTokenizer gpt2 = Gpt2Tokenizer.Instance;
int[] ids = gpt2.Encode("To be, or not to be");
Show("tokens", string.Join(" | ", ids.Select(id => $"{gpt2.TokenText(id)} {id}")));

// 4. Softmax turns scores to shares that sum to one: what attention and next-token probabilities are made of.
tape.Reset();
Variable<float> shares = tape.Leaf(Tensor<float>.From([2, 1, 0.5f, -1], [1, 4])).Softmax();
Show("shares", string.Join(' ', shares.Value.Span.ToArray().Select(share => share.ToString("F3"))));

// 5. Cross-entropy is how surprised the model is by the right answer: minus the logarithm of its share.
tape.Reset();
Variable<float> logits = tape.Leaf(Tensor<float>.From([2, 1, 0.5f, -1], [1, 4]));
Variable<float> loss = logits.CrossEntropy(Tensor<int>.From([0], [1]));
tape.Backward(loss);
Show("loss", $"{loss.Value.Span[0]:F3} nats");
Show("its gradient, shares minus the answer", string.Join(' ', logits.Gradient.Span.ToArray().Select(number => number.ToString("F3"))));

static void Show(string what, string value) => Console.WriteLine($"{what,-40}{value}");
